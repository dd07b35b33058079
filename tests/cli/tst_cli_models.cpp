// The `logits` command against the known answers, on the processor and on a Vulkan device.
#include "cli_process.h"
#include "tests/support/adapter_file.h"

#include <QFile>
#include <QTemporaryDir>

using namespace alcove::test;

class TestCliModels : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const auto devices = runCli({"devices", "--json", "--device", "cpu"});
        QCOMPARE(devices.exitCode, 0);
        const auto json = devices.json(); // outlives the loop
        for (const auto &device : json.at("devices"))
            m_vulkan |= device.at("kind") != "processor" && device.at("usable").get<bool>();
    }

    void logitsAreRight_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<QString>("tokens");
        QTest::addColumn<QString>("device");
        QTest::addColumn<QString>("split");
        for (const ModelCase &one : modelCases()) {
            const bool chosen = one.name == "arch/llama3" || one.name == "arch/qwen2"
                || one.name == "arch/qwen3" || one.name == "quant/llama-Q8_0" || one.isEncoder()
                || one.name == "quant/llama-Q4_K_M";
            if (!chosen)
                continue;
            QStringList ids;
            for (const std::int32_t token : one.tokens)
                ids << QString::number(token);
            for (const char *device : {"cpu", "vulkan"}) {
                for (const char *split : {"", "1,7,16"}) {
                    if (*split && one.name != "arch/qwen3")
                        continue;
                    QTest::addRow("%s on %s%s%s", one.name.c_str(), device, *split ? " in " : "",
                                  split)
                        << QString::fromStdString(one.model) << QString::fromStdString(one.expected)
                        << ids.join(QLatin1Char(' ')) << QString::fromLatin1(device)
                        << QString::fromLatin1(split);
                }
            }
        }
    }
    void logitsAreRight()
    {
        QFETCH(QString, model);
        QFETCH(QString, expected);
        QFETCH(QString, tokens);
        QFETCH(QString, device);
        QFETCH(QString, split);
        if (device == QLatin1String("vulkan") && !m_vulkan)
            QSKIP("There is no usable Vulkan device here.");
        const QTemporaryDir folder;
        const QString out = folder.filePath(QStringLiteral("logits.f32"));
        QStringList arguments{"--device", device, "logits", model,
                              "--tokens", tokens, "--out",  out};
        if (!split.isEmpty())
            arguments << QStringLiteral("--split") << split;
        const auto result = runCli(arguments);
        QVERIFY2(result.exitCode == 0, result.err.constData());
        QCOMPARE(result.out, QByteArray());
        const auto got = readFloats(out.toStdString());
        const auto want = readFloats(expected.toStdString());
        QCOMPARE(got.size(), want.size());
        const std::size_t rows = std::size_t(tokens.split(QLatin1Char(' ')).size());
        // Quantised weights meet 8-bit activations on the processor, and may on a graphics card.
        QVERIFY2(nmse(got, want) <= kNmseInt8Activations,
                 qPrintable(QString::number(nmse(got, want))));
        if (!model.contains(QLatin1String("bert"))) // an encoder's is one vector
            QCOMPARE(argmaxDisagreements(got, want, want.size() / rows), 0);
    }

    void floatCacheIsTaken()
    {
        const ModelCase one = [] {
            for (const ModelCase &candidate : modelCases()) {
                if (candidate.name == "arch/llama3")
                    return candidate;
            }
            return ModelCase{};
        }();
        QVERIFY(!one.model.empty());
        const QTemporaryDir folder;
        const QString out = folder.filePath(QStringLiteral("logits.f32"));
        const auto result = runCli({"logits", QString::fromStdString(one.model), "--kv", "f32",
                                    "--device", "cpu", "--tokens", "1 5 77", "--out", out});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto want = readFloats(one.expected);
        const std::size_t vocabulary = want.size() / one.tokens.size();
        QCOMPARE(readFloats(out.toStdString()).size(), 3 * vocabulary);
    }

    void worksWithoutAVocabulary()
    {
        const std::string source = fixture("arch/llama3.gguf");
        std::string bytes = readFile(source);
        const std::size_t at = bytes.find("tokenizer.ggml.model");
        if (at != std::string::npos)
            bytes.replace(at, 20, "tokenizer.ggml.nomod");
        const QTemporaryDir folder;
        const QString model = folder.filePath(QStringLiteral("ids only.gguf"));
        std::ofstream(model.toStdString(), std::ios::binary) << bytes;
        const QString out = folder.filePath(QStringLiteral("logits.f32"));
        const auto logits =
            runCli({"--device", "cpu", "logits", model, "--tokens", "1 5", "--out", out});
        QVERIFY2(logits.exitCode == 0, logits.err.constData());
        QVERIFY(QFile::exists(out));
        const auto generate = runCli({"--device", "cpu", "generate", model, "--prompt", "x"});
        QCOMPARE(generate.exitCode, 1);
        QVERIFY(isOneSentence(generate.err));
    }

    void failuresLeaveNoFile()
    {
        const QTemporaryDir folder;
        const QString out = folder.filePath(QStringLiteral("logits.f32"));
        const auto outside =
            runCli({"logits", starter(), "--tokens", "1 9999999", "--out", out, "--device", "cpu"});
        QCOMPARE(outside.exitCode, 1);
        QVERIFY(isOneSentence(outside.err));
        QVERIFY(!QFile::exists(out));
        const auto nowhere =
            runCli({"logits", starter(), "--tokens", "1", "--out",
                    folder.filePath(QStringLiteral("no/such/folder")), "--device", "cpu"});
        QCOMPARE(nowhere.exitCode, 1);
        QVERIFY(isOneSentence(nowhere.err));
    }

    void vulkanAnswersAsTheProcessorDoes()
    {
        if (!m_vulkan)
            QSKIP("There is no usable Vulkan device here.");
        const QStringList request{"generate", starter(),      "--prompt", "Hello",
                                  "--json",   "--seed",       "1",        "--temperature",
                                  "0",        "--max-tokens", "8"};
        const auto processor = runCli(QStringList{"--device", "cpu"} + request);
        const auto vulkan = runCli(QStringList{"--device", "vulkan"} + request);
        QVERIFY2(vulkan.exitCode == 0, vulkan.err.constData());
        QCOMPARE(vulkan.json().at("device_id").get<std::string>().substr(0, 7),
                 std::string("vulkan:"));
        QCOMPARE(vulkan.json().at("text"), processor.json().at("text"));
        const auto again = runCli(QStringList{"--device", "vulkan"} + request);
        QCOMPARE(again.json().at("tokens"), vulkan.json().at("tokens"));
    }

    void benchMeasuresAVulkanDevice()
    {
        if (!m_vulkan)
            QSKIP("There is no usable Vulkan device here.");
        const auto result = runCli({"bench", starter(), "--device", "vulkan", "--prompt", "8",
                                    "--generate", "2", "--repeat", "1", "--json"});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QVERIFY(json.at("stages_per_token").get<int>() > 0);
        QVERIFY(json.at("device_copy_gigabytes_per_second").get<double>() > 0);
        QVERIFY(json.at("peak_memory_bytes").get<double>() > 6e6);
    }

    void embedsWithAnEncoder()
    {
        const std::string path = fixture("arch/nomic-bert.gguf");
        if (path.empty())
            QSKIP("The fixtures of the architectures are not beside this checkout.");
        QByteArray texts;
        for (int i = 0; i < 70; ++i)
            texts += QByteArray(1 + i % 9, char('a' + i % 5)) + QByteArray(1, '\0');
        const auto vectors = [&](const QString &device) {
            const auto result =
                runCli({"--device", device, "embed", QString::fromStdString(path)}, texts);
            std::vector<std::vector<float>> all;
            for (const QByteArray &line : result.out.trimmed().split('\n')) {
                const auto json = nlohmann::json::parse(line.toStdString(), nullptr, false);
                if (!json.is_discarded() && json.at("index") == all.size())
                    all.push_back(json.at("embedding").get<std::vector<float>>());
            }
            return all;
        };
        const auto cpu = vectors(QStringLiteral("cpu"));
        QCOMPARE(cpu.size(), std::size_t(70));
        QVERIFY(cpu[0] == cpu[45]); // the same text: 1 + i % 9 times the letter i % 5
        QVERIFY(nmse(cpu[1], cpu[0]) > 1e-3);
        if (!m_vulkan)
            return;
        const auto vulkan = vectors(QStringLiteral("vulkan"));
        QCOMPARE(vulkan.size(), cpu.size());
        for (std::size_t i = 0; i < cpu.size(); ++i)
            QVERIFY(nmse(vulkan[i], cpu[i]) < kNmseInt8Activations);
    }

    void adaptersChangeTheModel()
    {
        const std::string path = fixture("arch/llama3.gguf");
        const auto model = alcove::llm::Model::open(path);
        QVERIFY(model);
        const QTemporaryDir folder;
        const QString lora = folder.filePath(QStringLiteral("a=b.gguf"));
        std::ofstream(lora.toStdString(), std::ios::binary) << adapterFor(**model, 4, 3);
        const auto logits = [&](const QStringList &more) {
            const QString out = folder.filePath(QStringLiteral("logits.f32"));
            QFile::remove(out);
            const auto result = runCli(QStringList{"logits", QString::fromStdString(path),
                                                   "--tokens", "1 5 77", "--out", out}
                                       + more);
            return result.exitCode == 0 ? readFloats(out.toStdString()) : std::vector<float>();
        };
        const QStringList cpu{"--device", "cpu"};
        const auto plain = logits(cpu);
        const auto once = logits(cpu + QStringList{"--lora", lora});
        QVERIFY(!plain.empty() && once.size() == plain.size());
        QVERIFY(nmse(once, plain) > 1e-3);
        QVERIFY(logits(cpu + QStringList{"--lora", lora + "=1"}) == once);
        QVERIFY(
            nmse(logits(cpu + QStringList{"--lora", lora + "=0.5", "--lora", lora + "=0.5"}), once)
            < kNmseFloat32);
        QVERIFY(nmse(logits(cpu + QStringList{"--lora", lora + "=0"}), plain) < kNmseFloat32);
        if (m_vulkan)
            QVERIFY(nmse(logits({"--device", "vulkan", "--lora", lora}), once)
                    < kNmseInt8Activations);

        const auto stranger = runCli({"--device", "cpu", "generate", starter(), "--prompt", "x",
                                      "--lora", QString::fromStdString(path)});
        QCOMPARE(stranger.exitCode, 1);
        QVERIFY(isOneSentence(stranger.err));
        const auto missing = runCli({"--device", "cpu", "generate", starter(), "--prompt", "x",
                                     "--lora", folder.filePath(QStringLiteral("none.gguf"))});
        QCOMPARE(missing.exitCode, 1);
        QVERIFY(isOneSentence(missing.err));
        const auto nameless = runCli({"generate", starter(), "--prompt", "x", "--lora", "=2"});
        QCOMPARE(nameless.exitCode, 2);
    }

private:
    bool m_vulkan = false;
};

QTEST_GUILESS_MAIN(TestCliModels)
#include "tst_cli_models.moc"
