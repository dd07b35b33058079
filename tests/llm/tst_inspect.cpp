#include "core/llm/display_text.h"
#include "core/llm/inspect.h"
#include "tests/support/fixtures.h"
#include "tests/support/gguf_writer.h"

#include <QTest>

#include <algorithm>
#include <limits>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

using Json = nlohmann::ordered_json;
using Type = GgufValueType;

ModelReport reportOf(const GgufWriter &writer, const InspectOptions &options = {})
{
    const std::string bytes = writer.bytes();
    const auto file = GgufFile::parse(GgufWriter::view(bytes), "tiny.gguf");
    if (!file)
        qFatal("%s", file.error().message.c_str());
    return inspectFile(*file, options);
}

const MetadataEntry &entryOf(const ModelReport &report, const std::string &key)
{
    const auto found = std::find_if(report.metadata.begin(), report.metadata.end(),
                                    [&](const MetadataEntry &entry) { return entry.key == key; });
    if (found == report.metadata.end())
        qFatal("no metadata %s", key.c_str());
    return *found;
}

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

class TestInspect : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void describesAModel()
    {
        const ModelReport report = reportOf(tinyModel().removeTensor("output.weight"));
        QVERIFY(report.runnable());
        QVERIFY(!report.cannotRun);
        QCOMPARE(report.architecture, std::string("llama"));
        QCOMPARE(report.name, std::string("tiny"));
        QCOMPARE(report.ggufVersion, 3u);
        QCOMPARE(report.tensorCount, 11u);
        QCOMPARE(report.tokenCount, 0u);
        const SpecificationSummary &spec = *report.specification;
        QCOMPARE(spec.parameters, 584u);
        QCOMPARE(spec.vocabulary, 10u);
        QCOMPARE(spec.width, 8u);
        QCOMPARE(spec.layers, 1u);
        QCOMPARE(spec.heads, 2u);
        QCOMPARE(spec.kvHeads, 1u);
        QCOMPARE(spec.headSize, 4u);
        QCOMPARE(spec.feedForward, 12u);
        QCOMPARE(spec.trainedContext, 64u);
        QCOMPARE(spec.ropeDimensions, 4u);
        QCOMPARE(spec.ropePairs, std::string("adjacent"));
        QVERIFY(spec.tiedEmbedding && !spec.queryKeyNorm && !spec.attentionBiases);
        QVERIFY(reportOf(tinyModel("qwen2")).specification->attentionBiases);
        QVERIFY(reportOf(tinyModel("qwen3")).specification->queryKeyNorm);
        QCOMPARE(reportOf(tinyModel("qwen3")).specification->ropePairs, std::string("split half"));
    }

    void countsMemory()
    {
        const GgufWriter file = tinyModel();
        // K and V of one position: 2 x 1 head x 4 numbers.
        ModelReport report = reportOf(file);
        QCOMPARE(report.memory->contextLength, 64u); // trained for less than 4096
        QCOMPARE(report.memory->weightBytes, 664u * 4);
        QCOMPARE(report.memory->kvBytes, 64u * 8 * 2);
        QVERIFY(report.memory->scratchEstimated);
        QVERIFY(report.memory->scratchBytes > 0);

        InspectOptions options;
        options.executor.contextLength = 1000;
        options.executor.kvFormat = KvFormat::F32;
        options.scratchBytes = 12345;
        report = reportOf(file, options);
        QCOMPARE(report.memory->contextLength, 1000u);
        QCOMPARE(report.memory->kvBytes, 1000u * 8 * 4);
        QCOMPARE(report.memory->scratchBytes, 12345u);
        QVERIFY(!report.memory->scratchEstimated);
        QCOMPARE(report.memory->total(), 664u * 4 + 1000u * 8 * 4 + 12345u);

        options.executor.contextLength = std::numeric_limits<std::uint32_t>::max();
        QCOMPARE(reportOf(file, options).memory->kvBytes, 4294967295ull * 32);

        // Blocks of 32 along a head of 4: 34 and 18 bytes.
        options.executor.contextLength = 10;
        options.executor.kvFormat = KvFormat::Q8_0;
        options.executor.valueFormat = KvFormat::Q4_0;
        report = reportOf(file, options);
        QCOMPARE(report.memory->kvBytes, 10u * (34 + 18));
        QVERIFY(report.toText().find("(Q8_0/Q4_0)") != std::string::npos);
        QCOMPARE(report.toJson().at("memory").at("kv_format").get<std::string>(),
                 std::string("Q8_0/Q4_0"));
        QCOMPARE(reportOf(tinyModel().u32("llama.context_length", 100000)).memory->contextLength,
                 4096u);
    }

    void countsFormats()
    {
        const ModelReport report = reportOf(tinyModel()
                                                .tensor("a", {32, 4}, TensorType::Q8_0)
                                                .tensor("b", {32, 2000}, TensorType::Q8_1)
                                                .tensor("c", {64}, TensorType::Q8_0));
        QCOMPARE(report.formats.size(), 3u);
        QCOMPARE(report.formats[0].format, std::string("Q8_1")); // the largest
        QVERIFY(!report.formats[0].runnable);
        QCOMPARE(report.formats[0].bytes, 2000u * 36);
        QCOMPARE(report.formats[1].format, std::string("F32"));
        QCOMPARE(report.formats[2].format, std::string("Q8_0"));
        QVERIFY(report.formats[2].runnable);
        QCOMPARE(report.formats[2].tensors, 2u);
        QCOMPARE(report.formats[2].elements, 192u);
        QCOMPARE(report.formats[2].bytes, 6u * 34);
        QVERIFY(!report.runnable()); // these tensors mean nothing to a llama
    }

    void listsMetadata()
    {
        GgufWriter file = tinyModel();
        std::vector<std::int32_t> many(100);
        for (int i = 0; i < 100; ++i)
            many[std::size_t(i)] = -i;
        file.numbers("x.many", Type::Int32, many)
            .texts("x.texts", {"a", std::string(300, 'z')})
            .text("x.long", std::string(1000, 'y'))
            .raw("x.u64", Type::UInt64, bytesOf(~std::uint64_t(0)))
            .raw("x.f64", Type::Float64, bytesOf(0.1))
            .raw("x.i8", Type::Int8, bytesOf(std::int8_t(-5)))
            .flag("x.flag", true)
            .f32("x.f32", 1e-5f)
            .f32("x.nan", std::numeric_limits<float>::quiet_NaN());
        const ModelReport report = reportOf(file);
        QVERIFY(report.runnable()); // others' metadata does not matter
        const MetadataEntry &array = entryOf(report, "x.many");
        QCOMPARE(array.type, std::string("array of i32"));
        QCOMPARE(array.count, 100u);
        QVERIFY(array.abbreviated);
        QVERIFY(array.value == Json({0, -1, -2, -3, -4, -5, -6, -7}));
        const MetadataEntry &texts = entryOf(report, "x.texts");
        QCOMPARE(texts.count, 2u);
        QVERIFY(texts.abbreviated);
        QVERIFY(texts.value[0] == Json("a"));
        QVERIFY(texts.value[1] == Json(std::string(200, 'z') + "..."));
        const MetadataEntry &longText = entryOf(report, "x.long");
        QCOMPARE(longText.type, std::string("string"));
        QCOMPARE(longText.count, 1000u);
        QVERIFY(longText.abbreviated);
        QVERIFY(entryOf(report, "x.u64").value == Json(~std::uint64_t(0)));
        QVERIFY(entryOf(report, "x.f64").value == Json(0.1));
        QVERIFY(entryOf(report, "x.i8").value == Json(-5));
        QVERIFY(entryOf(report, "x.flag").value == Json(true));
        QCOMPARE(entryOf(report, "x.f32").value.dump(), std::string("1e-05"));
        QCOMPARE(entryOf(report, "x.nan").value.dump(), std::string("null"));
        QVERIFY(!entryOf(report, "general.name").abbreviated);

        InspectOptions options;
        options.arrayElements = 2;
        options.textCharacters = 10;
        const ModelReport shorter = reportOf(file, options);
        QCOMPARE(entryOf(shorter, "x.many").value.size(), 2u);
        QVERIFY(entryOf(shorter, "x.long").value == Json(std::string(10, 'y') + "..."));
    }

    void saysWhyAModelCannotRun()
    {
        const ModelReport foreign =
            reportOf(tinyModel().text("general.architecture", "mamba").u32("mamba.x", 1));
        QVERIFY(!foreign.runnable());
        QVERIFY(!foreign.memory);
        QCOMPARE(foreign.cannotRun->code, ErrorCode::Unsupported);
        QVERIFY(has(foreign.cannotRun->message, "'mamba'"));
        QVERIFY(has(foreign.toText(), "can run          no: This model's architecture 'mamba'"));
        const Json json = foreign.toJson();
        QVERIFY(json.at("runnable") == Json(false));
        QVERIFY(has(json.at("reason").get<std::string>(), "mamba"));
        QVERIFY(json.at("specification").is_null());
        QVERIFY(json.at("memory").is_null());
        QCOMPARE(json.at("tensor_count").get<int>(), 12);

        const ModelReport bare = reportOf(GgufWriter());
        QVERIFY(!bare.runnable());
        QVERIFY(has(bare.toText(), "architecture     not given"));
    }

    void writesJson()
    {
        const Json json = Json::parse(reportOf(tinyModel()).toJson().dump());
        QVERIFY(json.at("runnable") == Json(true));
        QVERIFY(json.at("reason").is_null());
        QCOMPARE(json.at("gguf_version").get<int>(), 3);
        QCOMPARE(json.at("architecture").get<std::string>(), std::string("llama"));
        QCOMPARE(json.at("specification").at("kv_heads").get<int>(), 1);
        QCOMPARE(json.at("specification").at("head_size").get<int>(), 4);
        const Json &memory = json.at("memory");
        QCOMPARE(memory.at("context").get<int>(), 64);
        QCOMPARE(memory.at("kv_format").get<std::string>(), std::string("F16"));
        QCOMPARE(memory.at("total_bytes").get<std::uint64_t>(),
                 memory.at("weight_bytes").get<std::uint64_t>()
                     + memory.at("kv_bytes").get<std::uint64_t>()
                     + memory.at("scratch_bytes").get<std::uint64_t>());
        QCOMPARE(json.at("formats").at(0).at("format").get<std::string>(), std::string("F32"));
        QCOMPARE(json.at("formats").at(0).at("tensors").get<int>(), 12);
        QCOMPARE(json.at("metadata").at(0).at("key").get<std::string>(),
                 std::string("general.architecture"));
        QCOMPARE(json.at("metadata").at(0).at("value").get<std::string>(), std::string("llama"));
    }

    void writesText()
    {
        const std::string text = reportOf(tinyModel()).toText();
        for (const char *part :
             {"tiny.gguf\n", "can run          yes\n", "parameters       664\n",
              "heads            2 (1 for keys and values) of 4\n", "F32: 12 tensors, 664 elements",
              "Memory needed for 64 tokens of context\n", "(estimated)\n", "Metadata (9)\n",
              "  llama.block_count (u32) = 1\n"})
            QVERIFY2(has(text, part), text.c_str());
        QCOMPARE(text.back(), '\n');
    }

    // A file's text must neither break a line, move a terminal's cursor nor make the JSON fail.
    void hostileTextIsShownSafely()
    {
        const std::string evil = "a\x1b[2J\nb\xff\xfe\xe2\x80\xae" + std::string(1, '\0') + "c";
        const ModelReport report = reportOf(tinyModel()
                                                .text("general.name", evil)
                                                .text("general.architecture", evil)
                                                .text(evil, evil)
                                                .texts("x.list", {evil}));
        const std::string text = report.toText();
        QVERIFY(!has(text, "\x1b"));
        QVERIFY(!has(text, "\xff"));
        QVERIFY(!has(text, "\xe2\x80\xae")); // right-to-left override
        QVERIFY(text.find('\0') == std::string::npos);
        const std::string calm =
            reportOf(
                tinyModel().text("general.architecture", "x").text("y", "z").texts("x.list", {"z"}))
                .toText();
        QCOMPARE(std::count(text.begin(), text.end(), '\n'),
                 std::count(calm.begin(), calm.end(), '\n'));
        const std::string dumped = report.toJson().dump(); // throws on text that is not UTF-8
        QVERIFY(Json::parse(dumped).at("name").get<std::string>() == report.name);
        QVERIFY(has(report.name, "\xef\xbf\xbd"));
    }

    void describesFilesOnDisk()
    {
        int runnable = 0;
        for (const ModelCase &one : modelCases()) {
            const auto report = inspectModel(one.model);
            QVERIFY2(report, report ? "" : report.error().message.c_str());
            QVERIFY(report->fileBytes > 0 && !report->formats.empty());
            std::uint64_t bytes = 0;
            for (const FormatSize &size : report->formats)
                bytes += size.bytes;
            QVERIFY(bytes < report->fileBytes);
            if (report->runnable()) {
                ++runnable;
                QVERIFY(report->memory->weightBytes <= bytes);
                QVERIFY(report->memory->weightBytes > bytes * 99 / 100);
            } else {
                QVERIFY(!report->cannotRun->message.empty());
            }
            QVERIFY(!report->toJson().dump().empty());
        }
        QVERIFY(runnable >= 8);
        const auto missing = inspectModel("/nowhere/model.gguf");
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
    }

    void describesVocabularies()
    {
        const std::string path = fixture("tokenizers/llama-spm.gguf");
        if (path.empty())
            QSKIP("The vocabularies of shared/fixtures are not beside this checkout.");
        const auto report = inspectModel(path);
        QVERIFY(report);
        QCOMPARE(report->tokenCount, 32000u);
        QCOMPARE(report->tensorCount, 0u);
        QVERIFY(has(report->cannotRun->message, "vocabulary only"));
    }

    void displaysBytes()
    {
        QCOMPARE(displayBytes(0), std::string("0 bytes"));
        QCOMPARE(displayBytes(1), std::string("1 byte"));
        QCOMPARE(displayBytes(1023), std::string("1023 bytes"));
        QCOMPARE(displayBytes(1024), std::string("1.0 KiB"));
        QCOMPARE(displayBytes(1536), std::string("1.5 KiB"));
        QCOMPARE(displayBytes((1ull << 20) - 1), std::string("1.0 MiB"));
        QCOMPARE(displayBytes(5ull << 30), std::string("5.0 GiB"));
        QCOMPARE(displayBytes(~0ull), std::string("16.0 EiB"));
    }

    void displaysText()
    {
        QCOMPARE(displayText("plain"), std::string("plain"));
        QCOMPARE(displayText(""), std::string());
        QCOMPARE(displayText("äöü", 2), std::string("äö..."));
        QCOMPARE(displayText("äö", 2), std::string("äö"));
        QCOMPARE(displayText("a\tb\x7f"),
                 std::string("a\xef\xbf\xbd"
                             "b\xef\xbf\xbd"));
        QCOMPARE(displayText("x", 0), std::string("..."));
    }
};

QTEST_APPLESS_MAIN(TestInspect)
#include "tst_inspect.moc"
