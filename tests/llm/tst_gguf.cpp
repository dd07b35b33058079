#include "core/llm/gguf.h"
#include "core/llm/model_spec.h"
#include "tests/support/fixtures.h"
#include "tests/support/gguf_writer.h"

#include <QTemporaryDir>
#include <QTest>

#include <limits>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::uint64_t kHuge = std::uint64_t(1) << 60;
using Type = GgufValueType;

// A file of every part a GGUF can have.
GgufWriter sampleFile()
{
    GgufWriter file;
    file.text("general.architecture", "sample")
        .raw("a.u8", Type::UInt8, bytesOf(std::uint8_t(200)))
        .raw("a.i8", Type::Int8, bytesOf(std::int8_t(-3)))
        .raw("a.u16", Type::UInt16, bytesOf(std::uint16_t(60000)))
        .raw("a.i16", Type::Int16, bytesOf(std::int16_t(-300)))
        .u32("a.u32", 4000000000u)
        .raw("a.i32", Type::Int32, bytesOf(std::int32_t(-70000)))
        .raw("a.u64", Type::UInt64, bytesOf(std::numeric_limits<std::uint64_t>::max()))
        .raw("a.i64", Type::Int64, bytesOf(std::numeric_limits<std::int64_t>::min()))
        .f32("a.f32", 0.5f)
        .raw("a.f64", Type::Float64, bytesOf(0.25))
        .f32("a.nan", std::numeric_limits<float>::quiet_NaN())
        .flag("a.yes", true)
        .flag("a.no", false)
        .text("a.empty", "")
        .texts("a.texts", {"one", "", "three"})
        .numbers<std::int16_t>("a.i16s", Type::Int16, {-1, 0, 700})
        .numbers<float>("a.f32s", Type::Float32, {1.5f, -2.0f})
        .numbers<std::uint8_t>("a.none", Type::UInt8, {})
        .floats("first", {3, 2}, {1, 2, 3, 4, 5, 6})
        .tensor("second", {32, 1, 2}, TensorType::Q8_0)
        .floats("third", {1}, {7});
    return file;
}

struct Refusal {
    const char *name;
    std::string bytes;
    const char *says; // part of the sentence
};

std::vector<Refusal> refusals()
{
    const auto whole = [] { return GgufWriter(sampleFile()); };
    std::vector<Refusal> list = {
        {"empty", "", "empty"},
        {"short", "GGU", "is not a GGUF"},
        {"other-magic", "GGML" + whole().bytes().substr(4), "is not a GGUF"},
        {"version-1", whole().version(1).bytes(), "version 1"},
        {"version-4", whole().version(4).bytes(), "version 4"},
        {"version-0", whole().version(0).bytes(), "version 0"},
        {"big-endian", whole().version(0x03000000u).bytes(), "big-endian"},
        {"many-pairs", whole().claimMetadata(kHuge).bytes(), "metadata entries"},
        {"more-pairs", whole().claimMetadata(20).bytes(), "damaged"},
        {"many-tensors", whole().claimTensors(kHuge).bytes(), "tensors"},
        {"all-tensors", whole().claimTensors(~std::uint64_t(0)).bytes(), "tensors"},
        {"more-tensors", whole().claimTensors(4).bytes(), "tensor's name"},
        {"unknown-type", whole().raw("b", Type(13), "").bytes(), "unknown type"},
        {"unknown-element",
         whole().raw("b", Type::Array, bytesOf(std::uint32_t(99), std::uint64_t(1), 0)).bytes(),
         "unknown type"},
        {"nested",
         whole()
             .raw("b", Type::Array,
                  bytesOf(std::uint32_t(9), std::uint64_t(1), std::uint32_t(4), std::uint64_t(0)))
             .bytes(),
         "array of arrays"},
        {"long-array", whole().raw("b", Type::Array, bytesOf(std::uint32_t(4), kHuge)).bytes(),
         "elements"},
        {"overflowing-array",
         whole().raw("b", Type::Array, bytesOf(std::uint32_t(10), ~std::uint64_t(0))).bytes(),
         "elements"},
        {"array-past-end",
         whole().raw("b", Type::Array, bytesOf(std::uint32_t(4), std::uint64_t(1) << 20)).bytes(),
         "ends inside"},
        {"long-strings",
         whole()
             .raw("b", Type::Array, bytesOf(std::uint32_t(8), std::uint64_t(2), kHuge, kHuge))
             .bytes(),
         "ends inside"},
        {"long-string", whole().raw("b", Type::String, bytesOf(kHuge)).bytes(), "ends inside"},
        {"overflowing-string", whole().raw("b", Type::String, bytesOf(~std::uint64_t(0))).bytes(),
         "ends inside"},
        {"long-key", whole().u32(std::string(257, 'k'), 1).bytes(), "length of 257"},
        {"empty-key", whole().u32("", 1).bytes(), "length of 0"},
        {"duplicate-key", whole().again("a.u8", Type::UInt8, "x").bytes(), "'a.u8' twice"},
        {"duplicate-tensor", whole().tensorAgain("first").bytes(), "'first' twice"},
        {"long-name", whole().tensor(std::string(257, 'n'), {1}).bytes(), "length of 257"},
        {"empty-name", whole().tensor("", {1}).bytes(), "length of 0"},
        {"rank-0", whole().tensor("b", {}, TensorType::F32, "1234").bytes(), "0 dimensions"},
        {"rank-5", whole().tensor("b", {1, 1, 1, 1, 1}).bytes(), "5 dimensions"},
        {"no-rows", whole().tensor("b", {4, 0}).bytes(), "impossible size"},
        {"overflowing-shape", whole().tensor("b", {kHuge, kHuge}, TensorType::F32, "").bytes(),
         "impossible size"},
        {"almost-overflowing-shape", whole().tensor("b", {kHuge, 4}, TensorType::F32, "").bytes(),
         "larger than the file"},
        {"unknown-format", whole().typeOf("first", 99).bytes(), "number 99"},
        {"removed-format", whole().typeOf("first", 4).bytes(), "number 4)"},
        {"half-block", whole().tensor("b", {33}, TensorType::Q8_0, "").bytes(), "no multiple"},
        {"unaligned", whole().offsetOf("second", 33).bytes(), "not aligned"},
        {"far-away", whole().offsetOf("second", kHuge).bytes(), "beyond the end"},
        {"overflowing-offset", whole().offsetOf("second", ~std::uint64_t(31)).bytes(),
         "beyond the end"},
        {"overlapping", whole().offsetOf("second", 0).bytes(), "overlap"},
        {"nothing-after-header", whole().tensor("b", {1}).bytes().substr(0, whole().bytes().size()),
         "beyond the end"},
    };
    for (const auto &[name, alignment] : {std::pair("alignment-0", 0u),
                                          {"alignment-4", 4u},
                                          {"alignment-12", 12u},
                                          {"alignment-huge", 1u << 31}})
        list.push_back({name, whole().u32("general.alignment", alignment).bytes(), "alignment"});
    list.push_back({"alignment-text", whole().text("general.alignment", "x").bytes(), "alignment"});
    return list;
}

bool isSentence(const std::string &text)
{
    return text.size() > 20 && text.back() == '.' && text.find('\n') == std::string::npos;
}

Result<GgufFile> parsed(const std::string &bytes)
{
    return GgufFile::parse(GgufWriter::view(bytes), "test.gguf");
}

// Everything a program does with a file it does not trust.
void useEverything(const GgufFile &file, const std::string &bytes)
{
    for (const auto &[key, value] : file.metadata()) {
        QVERIFY(file.find(key) == &value);
        file.integer(key);
        file.unsignedInteger(key);
        file.number(key);
        file.boolean(key);
        file.string(key);
        file.strings(key);
        file.integers(key);
        file.numbers(key);
    }
    const auto *begin = reinterpret_cast<const std::byte *>(bytes.data());
    for (const Tensor &tensor : file.tensors()) {
        QVERIFY(tensor.data.data() >= begin);
        QVERIFY(tensor.data.data() + tensor.data.size() <= begin + bytes.size());
        const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
        std::vector<float> block(info->blockElements);
        dequantise(tensor, tensor.elements() - info->blockElements, info->blockElements,
                   block.data());
    }
    if (const auto spec = readModelSpec(file); !spec)
        QVERIFY(isSentence(spec.error().message));
}

} // namespace

class TestGguf : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsEveryKindOfValue()
    {
        const std::string bytes = sampleFile().bytes();
        const auto file = parsed(bytes);
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        QCOMPARE(file->version(), 3u);
        QCOMPARE(file->fileBytes(), bytes.size());
        QCOMPARE(file->metadata().size(), 19u);
        QCOMPARE(file->metadata().front().first, std::string("general.architecture"));
        QCOMPARE(file->unsignedInteger("a.u8"), 200u);
        QCOMPARE(file->integer("a.i8"), -3);
        QCOMPARE(file->integer("a.u16"), 60000);
        QCOMPARE(file->integer("a.i16"), -300);
        QCOMPARE(file->unsignedInteger("a.u32"), 4000000000u);
        QCOMPARE(file->integer("a.i32"), -70000);
        QCOMPARE(file->unsignedInteger("a.u64"), std::numeric_limits<std::uint64_t>::max());
        QCOMPARE(file->integer("a.i64"), std::numeric_limits<std::int64_t>::min());
        QCOMPARE(file->number("a.f32"), 0.5);
        QCOMPARE(file->number("a.f64"), 0.25);
        QCOMPARE(file->number("a.i8"), -3.0);
        QCOMPARE(file->boolean("a.yes"), true);
        QCOMPARE(file->boolean("a.no"), false);
        QVERIFY(file->string("a.empty") == std::string_view());
        QVERIFY(file->string("general.architecture") == std::string_view("sample"));
        QVERIFY(file->strings("a.texts") == (std::vector<std::string_view>{"one", "", "three"}));
        QVERIFY(file->integers("a.i16s") == (std::vector<std::int64_t>{-1, 0, 700}));
        QVERIFY(file->numbers("a.i16s") == (std::vector<double>{-1, 0, 700}));
        QVERIFY(file->numbers("a.f32s") == (std::vector<double>{1.5, -2}));
        QVERIFY(file->integers("a.none") == std::vector<std::int64_t>());
    }

    void givesNothingForAnotherKind()
    {
        const std::string bytes = sampleFile().bytes();
        const auto file = parsed(bytes);
        QVERIFY(file);
        QVERIFY(!file->find("a"));
        QVERIFY(!file->integer("absent"));
        QVERIFY(!file->unsignedInteger("a.i8")); // negative
        QVERIFY(!file->integer("a.u64")); // too large
        QVERIFY(!file->integer("a.f32")); // not whole by type
        QVERIFY(!file->integer("a.yes"));
        QVERIFY(!file->integer("a.i16s"));
        QVERIFY(!file->number("a.nan"));
        QVERIFY(!file->number("a.texts"));
        QVERIFY(!file->boolean("a.u8"));
        QVERIFY(!file->string("a.texts"));
        QVERIFY(!file->strings("a.empty"));
        QVERIFY(!file->strings("a.i16s"));
        QVERIFY(!file->integers("a.f32s"));
        QVERIFY(!file->integers("a.texts"));
        QVERIFY(!file->numbers("a.texts"));
        QVERIFY(!file->numbers("a.f32"));
        QVERIFY(!file->findTensor("fourth"));
    }

    void findsTensorsAndTheirData()
    {
        for (std::uint32_t version : {2u, 3u}) {
            for (std::uint32_t alignment : {8u, 32u, 40u, 4096u}) {
                const std::string bytes = sampleFile()
                                              .version(version)
                                              .alignment(alignment)
                                              .u32("general.alignment", alignment)
                                              .bytes();
                const auto file = parsed(bytes);
                QVERIFY2(file, file ? "" : file.error().message.c_str());
                QCOMPARE(file->version(), version);
                QCOMPARE(file->tensors().size(), 3u);
                const Tensor *first = file->findTensor("first");
                QVERIFY(first);
                QCOMPARE(first->rank, 2u);
                QCOMPARE(first->columns(), 3u);
                QCOMPARE(first->rows(), 2u);
                std::vector<float> values(6);
                dequantise(*first, 0, 6, values.data());
                QCOMPARE(values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
                const Tensor *second = file->findTensor("second");
                QVERIFY(second);
                QCOMPARE(second->data.size(), 68u);
                QCOMPARE(second->shape, (std::array<std::uint64_t, 4>{32, 1, 2, 1}));
                float last = 0;
                dequantise(*file->findTensor("third"), 0, 1, &last);
                QCOMPARE(last, 7.0f);
            }
        }
    }

    void needsNoTensors()
    {
        const std::string bytes = GgufWriter().text("general.architecture", "llama").bytes();
        const auto file = parsed(bytes);
        QVERIFY(file);
        QVERIFY(file->tensors().empty());
        QVERIFY(parsed(GgufWriter().bytes()));
    }

    void opensFilesOnDisk()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("Größe.gguf"));
        {
            QFile file(path);
            QVERIFY(file.open(QIODevice::WriteOnly));
            const std::string bytes = sampleFile().bytes();
            file.write(bytes.data(), qint64(bytes.size()));
        }
        auto file = GgufFile::open(path.toStdString());
        QVERIFY(file);
        QCOMPARE(file->path(), path.toStdString());
        const GgufFile moved = std::move(*file);
        QCOMPARE(moved.unsignedInteger("a.u8"), 200u);
        float first = 0;
        dequantise(*moved.findTensor("third"), 0, 1, &first);
        QCOMPARE(first, 7.0f);

        const auto missing = GgufFile::open(folder.filePath(QStringLiteral("no")).toStdString());
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
    }

    void readsTheFixtures()
    {
        int count = 0;
        for (const ModelCase &one : modelCases()) {
            const auto file = GgufFile::open(one.model);
            QVERIFY2(file, file ? "" : file.error().message.c_str());
            QVERIFY(!file->tensors().empty());
            std::uint64_t sum = 0;
            for (const Tensor &tensor : file->tensors()) {
                const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
                QVERIFY(info);
                QCOMPARE(tensor.data.size(),
                         tensor.elements() / info->blockElements * info->blockBytes);
                sum += tensor.data.size();
            }
            QVERIFY(sum < file->fileBytes());
            QVERIFY(sum > file->fileBytes() / 2);
            ++count;
        }
        QVERIFY(count >= 8);
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("says");
        for (const Refusal &one : refusals())
            QTest::newRow(one.name) << QByteArray::fromStdString(one.bytes) << QByteArray(one.says);
    }

    void refuses()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, says);
        const std::string exact = bytes.toStdString();
        const auto file = parsed(exact);
        QVERIFY(!file);
        QVERIFY2(isSentence(file.error().message), file.error().message.c_str());
        QVERIFY2(file.error().message.find(says.toStdString()) != std::string::npos,
                 file.error().message.c_str());
        QVERIFY(file.error().code == ErrorCode::InvalidFile
                || file.error().code == ErrorCode::Unsupported);
    }

    void namesFromTheFileAreShownSafely()
    {
        const std::string bytes =
            sampleFile().raw("evil\n\x1b[2J\xff" + std::string(200, 'x'), Type(77), "").bytes();
        const auto file = parsed(bytes);
        QVERIFY(!file);
        const std::string &message = file.error().message;
        QVERIFY2(isSentence(message), message.c_str());
        QVERIFY(message.find('\x1b') == std::string::npos);
        QVERIFY(message.size() < 300);
        QCOMPARE(QString::fromStdString(message).toStdString(), message); // it is UTF-8
    }

    void refusesEveryTruncation()
    {
        for (const std::string &whole : {sampleFile().bytes(), tinyModel().bytes()}) {
            QVERIFY(parsed(whole));
            for (std::size_t length = 0; length < whole.size(); ++length) {
                const std::string cut = whole.substr(0, length); // its own end, for ASan
                const auto file = parsed(cut);
                QVERIFY2(!file, std::to_string(length).c_str());
                QVERIFY2(isSentence(file.error().message), file.error().message.c_str());
            }
        }
    }

    void survivesEveryChangedByte()
    {
        std::size_t accepted = 0;
        for (const std::string &whole : {sampleFile().bytes(), tinyModel("qwen3").bytes()}) {
            // Behind 3000 bytes there are only weights.
            for (std::size_t at = 0; at < std::min<std::size_t>(whole.size(), 3000); ++at) {
                for (int change : {0x01, 0x80, 0xff, 0x7f}) {
                    std::string bytes = whole;
                    bytes[at] = char(bytes[at] ^ change);
                    const auto file = parsed(bytes);
                    if (file) {
                        ++accepted;
                        useEverything(*file, bytes);
                    } else {
                        QVERIFY2(isSentence(file.error().message), file.error().message.c_str());
                    }
                }
            }
        }
        QVERIFY(accepted > 100); // it must have reached the readers behind the parser
    }

    // The fuzzer's seeds double as a corpus: "good-" files are read, "bad-" ones refused.
    // With ALCOVE_UPDATE_CORPUS set they are written anew from the tables above.
    void corpus()
    {
        const std::filesystem::path folder =
            std::string(ALCOVE_SOURCE_DIR) + "/tests/fuzz/corpus/gguf";
        if (qEnvironmentVariableIsSet("ALCOVE_UPDATE_CORPUS")) {
            std::filesystem::create_directories(folder);
            const auto write = [&](const std::string &name, const std::string &bytes) {
                std::ofstream(folder / name, std::ios::binary) << bytes;
            };
            for (const Refusal &one : refusals())
                write(std::string("bad-") + one.name, one.bytes);
            write("good-sample", sampleFile().bytes());
            for (const std::string family : {"llama", "qwen2", "qwen3"})
                write("good-" + family, tinyModel(family).bytes());
        }
        int good = 0;
        int bad = 0;
        for (const auto &entry : std::filesystem::directory_iterator(folder)) {
            const auto file = GgufFile::open(entry.path().string());
            const std::string name = entry.path().filename().string();
            QCOMPARE(bool(file), name.rfind("good-", 0) == 0);
            ++(file ? good : bad);
            if (!file)
                QVERIFY2(isSentence(file.error().message), file.error().message.c_str());
        }
        QVERIFY(good >= 4);
        QVERIFY(bad >= 40);
    }
};

QTEST_APPLESS_MAIN(TestGguf)
#include "tst_gguf.moc"
