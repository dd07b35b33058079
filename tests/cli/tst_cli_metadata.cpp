// What a model's metadata asks for is what the command line does: how an encoder's vectors are
// pooled, and how tokens are drawn.
#include "cli_process.h"
#include "tests/support/gguf_parts.h"
#include "tests/support/plain_checks.h"

#include <QTemporaryDir>

using namespace alcove;
using namespace alcove::test;

namespace {

// The tiny encoder with words for its tokens: "w5" is the token 5.
std::unique_ptr<PlainModel> encoderWithWords()
{
    auto model =
        std::make_unique<PlainJinaBert>(PlainJinaBert::Gate::Apart, PlainJinaBert::HeadNorms::No);
    std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    std::vector<std::int32_t> kinds(tokens.size(), 3);
    while (tokens.size() < 40) {
        tokens.push_back("\u2581w" + std::to_string(tokens.size()));
        kinds.push_back(1);
    }
    model->file()
        .text("tokenizer.ggml.model", "bert")
        .texts("tokenizer.ggml.tokens", tokens)
        .numbers("tokenizer.ggml.token_type", llm::GgufValueType::Int32, kinds)
        .u32("tokenizer.ggml.unknown_token_id", 1)
        .u32("tokenizer.ggml.cls_token_id", 2)
        .u32("tokenizer.ggml.seperator_token_id", 3);
    return model;
}

// The starter model with more metadata.
GgufWriter starterCopy()
{
    const auto whole = llm::GgufFile::open(starter().toStdString());
    if (!whole)
        qFatal("%s", whole.error().message.c_str());
    GgufWriter copy = split(*whole, 1)[0];
    for (const char *key : {"split.no", "split.count", "split.tensors.count"})
        copy.remove(key);
    return copy;
}

} // namespace

class TestCliMetadata : public QObject
{
    Q_OBJECT
private:
    // The tokens of an answer.
    static std::string drawn(const QString &model, const QStringList &options)
    {
        const auto result = runCli(QStringList{"--device", "cpu", "generate", model, "--prompt",
                                               "Hello", "--json", "--max-tokens", "24"}
                                   + options);
        if (result.exitCode != 0)
            qFatal("%s", result.err.constData());
        return result.json().at("tokens").dump();
    }

    QTemporaryDir m_folder;
    bool m_vulkan = false;

private Q_SLOTS:
    void initTestCase()
    {
        const auto devices = runCli({"devices", "--json", "--device", "cpu"});
        QCOMPARE(devices.exitCode, 0);
        const auto json = devices.json(); // outlives the loop
        for (const auto &device : json.at("devices"))
            m_vulkan |= device.at("kind") != "processor" && device.at("usable").get<bool>();
    }

    void embedPools_data()
    {
        QTest::addColumn<QString>("device");
        QTest::addColumn<int>("type"); // of the metadata; -1: it says nothing
        QTest::addColumn<int>("pooling");
        for (const char *device : {"cpu", "vulkan"}) {
            const auto row = [device](const char *name, int type, llm::Pooling pooling) {
                QTest::addRow("%s on %s", name, device)
                    << QString::fromLatin1(device) << type << int(pooling);
            };
            row("unsaid", -1, llm::Pooling::Mean);
            row("mean", 1, llm::Pooling::Mean);
            row("cls", 2, llm::Pooling::Cls);
            row("last", 3, llm::Pooling::Last);
        }
    }
    void embedPools()
    {
        QFETCH(QString, device);
        QFETCH(int, type);
        QFETCH(int, pooling);
        if (device == QLatin1String("vulkan") && !m_vulkan)
            QSKIP("There is no usable Vulkan device here.");
        const auto model = encoderWithWords();
        if (type >= 0)
            model->file().u32("jina-bert-v2.pooling_type", std::uint32_t(type));
        const QString path = m_folder.filePath(QStringLiteral("encoder.gguf"));
        writeBytes(path, model->file().bytes());
        const auto result =
            runCli({"--device", device, "embed", path}, QByteArray("w7 w39 w5\0w11", 13));
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const QList<QByteArray> lines = result.out.trimmed().split('\n');
        const std::vector<int> texts[] = {{2, 7, 39, 5, 3}, {2, 11, 3}};
        QCOMPARE(lines.size(), 2);
        for (int i = 0; i < 2; ++i) {
            const auto line = nlohmann::json::parse(lines[i].toStdString());
            QCOMPARE(line.at("tokens").get<std::size_t>(), texts[i].size());
            const auto actual = line.at("embedding").get<std::vector<float>>();
            const auto expected =
                flat({pooled(model->compute(texts[i]), static_cast<llm::Pooling>(pooling))});
            QCOMPARE(actual.size(), expected.size());
            const double error = nmse(actual, expected);
            QVERIFY2(error <= kNmseFloat16Kv, qPrintable(QString::number(error)));
        }
    }

    // Recommended or asked for, it is the same; what is asked for counts.
    void generateDrawsAsRecommended()
    {
        const QString path = m_folder.filePath(QStringLiteral("recommends.gguf"));
        const QStringList seed{"--seed", "5"};
        const QStringList greedily{"--temperature", "0"};
        // The starter is sure of itself: only with all of these does it write something else.
        const QStringList hotly{"--temperature", "3", "--top-k", "50",
                                "--top-p",       "1", "--min-p", "0"};
        const std::string plain = drawn(starter(), seed);
        const std::string greedy = drawn(starter(), greedily + seed);
        const std::string hot = drawn(starter(), hotly + seed);
        QVERIFY(plain != hot && greedy != hot);

        writeBytes(path, starterCopy().bytes());
        QCOMPARE(drawn(path, seed), plain);
        writeBytes(path, starterCopy().f32("general.sampling.temp", 0).bytes());
        QCOMPARE(drawn(path, {"--top-p", "1", "--min-p", "0", "--seed", "5"}), greedy);
        QCOMPARE(drawn(path, hotly + seed), hot);

        writeBytes(
            path,
            starterCopy()
                .f32("general.sampling.temp", 3)
                .raw("general.sampling.top_k", llm::GgufValueType::Int32, bytesOf(std::int32_t(50)))
                .f32("general.sampling.top_p", 1)
                .f32("general.sampling.min_p", 0)
                .bytes());
        QCOMPARE(drawn(path, seed), hot);
        // One flag replaces its own value and leaves the others.
        QCOMPARE(drawn(path, greedily + seed), greedy);
        QCOMPARE(drawn(path, {"--top-k", "1", "--seed", "5"}), greedy);
        const std::string fewer = drawn(path, {"--top-k", "3", "--seed", "5"});
        QStringList hotAmongFewer = hotly;
        hotAmongFewer[3] = QStringLiteral("3");
        QCOMPARE(fewer, drawn(starter(), hotAmongFewer + seed));
        QVERIFY(fewer != hot && fewer != greedy);
    }
};

QTEST_APPLESS_MAIN(TestCliMetadata)
#include "tst_cli_metadata.moc"
