// Every command of alcove-cli as a user's shell runs it: output, exit status, one sentence for
// errors.
#include "cli_process.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <algorithm>
#include <cmath>

#ifndef _WIN32
#include <csignal>
#include <sys/types.h>
#endif

using namespace alcove::test;

namespace {

const QStringList kCpu{"--device", "cpu"};

bool writeFile(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

} // namespace

class TestCli : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void whatIsNotUnderstoodExitsWithTwo_data()
    {
        QTest::addColumn<QStringList>("arguments");
        const QString model = starter();
        const auto row = [](const char *name, const QStringList &arguments) {
            QTest::newRow(name) << arguments;
        };
        row("nothing", {});
        row("unknown command", {"sing"});
        row("unknown option", {"devices", "--loud"});
        row("unknown global option", {"--loud", "devices"});
        row("missing value", {"generate", model, "--prompt"});
        row("missing option", {"generate", model});
        row("missing model", {"generate", "--prompt", "x"});
        row("missing model to embed", {"embed"});
        row("unknown option of embed", {"embed", model, "--normalise"});
        row("too many models", {"inspect", model, model});
        row("no device", {"--device", "abacus", "devices"});
        row("split that is too long",
            {"logits", model, "--tokens", "1 2 3", "--split", "1,3", "--out", "x"});
        row("split that is too short",
            {"logits", model, "--tokens", "1 2 3", "--split", "1,1", "--out", "x"});
        row("split with nothing in a piece",
            {"logits", model, "--tokens", "1 2 3", "--split", "3,0", "--out", "x"});
        row("tokens that are none", {"logits", model, "--tokens", "one", "--out", "x"});
        row("negative temperature", {"generate", model, "--prompt", "x", "--temperature", "-1"});
        row("top-p above one", {"generate", model, "--prompt", "x", "--top-p", "1.5"});
        const auto generate = [&](const char *name, const QStringList &options) {
            row(name, QStringList{"generate", model, "--prompt", "x"} + options);
        };
        generate("typical above one", {"--typical", "1.1"});
        generate("XTC's probability", {"--xtc-probability", "2"});
        generate("XTC's threshold", {"--xtc-threshold", "-0.1"});
        generate("DRY's base below one", {"--dry-base", "0.5"});
        generate("DRY's length of nothing", {"--dry-allowed-length", "0"});
        generate("DRY's multiplier", {"--dry-multiplier", "much"});
        generate("mirostat's tau", {"--mirostat-tau", "-1"});
        generate("mirostat's eta", {"--mirostat-eta", "11"});
        generate("range of temperatures", {"--dynatemp-range", "-1"});
        generate("sigma", {"--top-n-sigma", "-1"});
        generate("bias without a number", {"--logit-bias", "5"});
        generate("bias of a word", {"--logit-bias", "the=1"});
        generate("bias of a negative token", {"--logit-bias", "-1=1"});
        generate("bias that is no number", {"--logit-bias", "1=x"});
        generate("bias that is infinite", {"--logit-bias", "1=-inf"});
        generate("grammar and schema", {"--grammar", model, "--json-schema", model});
        generate("grammar that is none",
                 {"--grammar", QStringLiteral(ALCOVE_SOURCE_DIR "/LICENSE")});
        generate("schema that is none",
                 {"--json-schema", QStringLiteral(ALCOVE_SOURCE_DIR "/LICENSE")});
        row("no repeats", {"bench", model, "--repeat", "0"});
        row("raw with a system prompt",
            {"generate", model, "--prompt", "x", "--raw", "--system", "y"});
        row("unknown KV format", {"--kv", "q3", "generate", model, "--prompt", "x"});
    }
    void whatIsNotUnderstoodExitsWithTwo()
    {
        QFETCH(QStringList, arguments);
        const auto result = runCli(arguments);
        QCOMPARE(result.exitCode, 2);
        QVERIFY2(isOneSentence(result.err), result.err.constData());
        QCOMPARE(result.out, QByteArray());
    }

    void whatFailsExitsWithOne_data()
    {
        QTest::addColumn<QStringList>("arguments");
        const QString model = starter();
        const auto row = [](const char *name, const QStringList &arguments) {
            QTest::newRow(name) << arguments;
        };
        row("missing file", {"inspect", "/nowhere/x.gguf", "--json"});
        row("missing grammar",
            {"generate", model, "--prompt", "x", "--grammar", "/nowhere/x.gbnf", "--json"});
        row("missing file to run", {"generate", "/nowhere/x.gguf", "--prompt", "x", "--json"});
        row("not a model", {"inspect", QStringLiteral(ALCOVE_SOURCE_DIR "/LICENSE"), "--json"});
        row("device that is not there",
            {"--device", "vulkan:77", "generate", model, "--prompt", "x", "--json"});
        row("device list without it", {"--device", "vulkan:77", "devices", "--json"});
        row("token outside", {"detokenize", model, "--tokens", "99999999"});
        row("unknown pre-tokenizer", {"tokenize", model, "--pre", "abacus"});
        row("prompt that does not fit",
            {"--context", "64", "--device", "cpu", "generate", model, "--prompt",
             QString(3000, 'x'), "--json"});
        row("benchmark that does not fit",
            {"--context", "16", "--device", "cpu", "bench", model, "--prompt", "16", "--generate",
             "4"});
    }
    void whatFailsExitsWithOne()
    {
        QFETCH(QStringList, arguments);
        const auto result = runCli(arguments);
        QCOMPARE(result.exitCode, 1);
        QVERIFY2(isOneSentence(result.err), result.err.constData());
        QCOMPARE(result.out, QByteArray());
    }

    void helpNamesEveryCommand()
    {
        const auto help = runCli({"--help"});
        QCOMPARE(help.exitCode, 0);
        for (const char *command : {"devices", "inspect", "logits", "tokenize", "detokenize",
                                    "render", "generate", "chat", "bench", "embed"}) {
            QVERIFY2(help.out.contains(command), command);
            const auto own = runCli({command, "--help"});
            QCOMPARE(own.exitCode, 0);
            QVERIFY(own.out.contains(command));
        }
        const auto version = runCli({"--version"});
        QCOMPARE(version.exitCode, 0);
        QVERIFY(version.out.startsWith("alcove-cli "));
    }

    void devicesListsTheProcessor()
    {
        const auto result = runCli({"devices", "--json"});
        QCOMPARE(result.exitCode, 0);
        const auto json = result.json();
        QVERIFY(!json.is_discarded());
        QVERIFY(json.at("devices").size() >= 1);
        const auto &processor = json.at("devices").back();
        QCOMPARE(processor.at("id").get<std::string>(), std::string("cpu"));
        QCOMPARE(processor.at("kind").get<std::string>(), std::string("processor"));
        QVERIFY(processor.at("memory_bytes").get<double>() > 0);
        QVERIFY(!json.at("reason").get<std::string>().empty());
        const auto chosen = runCli({"--device", "cpu", "devices", "--json"}).json();
        QCOMPARE(chosen.at("chosen").get<std::string>(), std::string("cpu"));
        const auto text = runCli({"devices"});
        QCOMPARE(text.exitCode, 0);
        QVERIFY(text.out.contains("cpu"));
    }

#ifdef __linux__
    void worksWhereThereIsNoVulkanDriver()
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("VK_ICD_FILENAMES"), QStringLiteral("/nowhere.json"));
        environment.insert(QStringLiteral("VK_DRIVER_FILES"), QStringLiteral("/nowhere.json"));
        process.setProcessEnvironment(environment);
        process.start(cliPath(), {"devices", "--json"});
        QVERIFY(process.waitForFinished(kPatience));
        QCOMPARE(process.exitCode(), 0);
        const auto json =
            nlohmann::json::parse(process.readAllStandardOutput().toStdString(), nullptr, false);
        QCOMPARE(json.at("chosen").get<std::string>(), std::string("cpu"));
        QCOMPARE(json.at("devices").size(), std::size_t(1));
    }
#endif

    void inspectShowsTheModel()
    {
        const auto result = runCli({"inspect", starter(), "--json"});
        QCOMPARE(result.exitCode, 0);
        const auto json = result.json();
        QVERIFY(!json.is_discarded());
        const std::string all = json.dump();
        QVERIFY(all.find("Alcove Starter") != std::string::npos);
        QVERIFY(all.find("Q8_0") != std::string::npos);
        const auto longer = runCli({"--context", "2000", "inspect", starter(), "--json"});
        QVERIFY(longer.out != runCli({"--context", "1000", "inspect", starter(), "--json"}).out);
        const auto text = runCli({"inspect", starter()});
        QCOMPARE(text.exitCode, 0);
        QVERIFY(text.out.contains("Alcove Starter"));
    }

    void tokenizeReadsTextsBetweenNuls()
    {
        const auto lines = [](const QByteArray &input, const QStringList &options = {}) {
            const auto result = runCli(QStringList{"tokenize", starter()} + options, input);
            return result.exitCode == 0 ? result.out : QByteArray("failed: ") + result.err;
        };
        const QByteArray hello = lines("Hello");
        QVERIFY2(hello.endsWith('\n') && hello.count('\n') == 1 && hello.size() > 1,
                 hello.constData());
        QCOMPARE(lines(QByteArray("Hello\0", 6)), hello);
        QCOMPARE(lines(QByteArray("Hello\0Hello", 11)), hello + hello);
        QCOMPARE(lines(QByteArray("\0Hello", 6)), "\n" + hello);
        QCOMPARE(lines(QByteArray("Hello\0\0", 7)), hello + "\n");
        QCOMPARE(lines(QByteArray("\0", 1)), QByteArray("\n"));
        QCOMPARE(lines("line one\nline two").count('\n'), 1);

        const QByteArray spelled = lines("<|im_end|>");
        const QByteArray special = lines("<|im_end|>", {"--parse-special"});
        QVERIFY(spelled.count(' ') > 0);
        QCOMPARE(special.count(' '), 0);
        // Another way to cut the text: each figure by itself, or all of a number together.
        QCOMPARE(lines("abc 1234567", {"--pre", "gpt-2"}), lines("abc 1234567"));
        QVERIFY(lines("abc 1234567", {"--pre", "qwen2"}) != lines("abc 1234567"));

        const QByteArray withBos = lines("Hello", {"--bos"});
        QVERIFY(withBos.endsWith(" " + hello));
    }

    void detokenizeGivesTheTextBack()
    {
        const QByteArray text = "Grüße, 世界!  two\tspaces\n";
        const auto ids = runCli({"tokenize", starter()}, text);
        QCOMPARE(ids.exitCode, 0);
        const auto back =
            runCli({"detokenize", starter(), "--tokens", QString::fromLatin1(ids.out.trimmed())});
        QCOMPARE(back.exitCode, 0);
        QCOMPARE(back.out, text);
    }

    void renderPrintsExactly()
    {
        const QTemporaryDir folder;
        const QString source = folder.filePath(QStringLiteral("t.jinja"));
        const QString good = folder.filePath(QStringLiteral("good.json"));
        const QString bad = folder.filePath(QStringLiteral("bad.json"));
        QVERIFY(writeFile(source,
                          "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}"
                          "{% endfor %}{% if not add_generation_prompt %}"
                          "{{ raise_exception('no prompt asked') }}{% endif %}"));
        QVERIFY(writeFile(good,
                          R"({"messages":[{"role":"user","content":"Grüße"}],)"
                          R"("add_generation_prompt":true,"bos_token":"<s>","eos_token":"</s>"})"));
        QVERIFY(writeFile(bad, R"({"messages":[],"add_generation_prompt":false})"));
        const auto result = runCli({"render", source, good});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        QCOMPARE(result.out, QByteArray("<s>[user] Grüße"));
        const auto failing = runCli({"render", source, bad});
        QCOMPARE(failing.exitCode, 1);
        QCOMPARE(failing.out, QByteArray());
        QVERIFY(failing.err.contains("no prompt asked"));
        QCOMPARE(runCli({"render", source, source}).exitCode, 1);
    }

    void rendersThePublishedTemplates()
    {
        const std::string table = fixture("templates.json");
        if (table.empty())
            QSKIP("The published chat templates are not beside this checkout.");
        const auto json = nlohmann::ordered_json::parse(readFile(table));
        const QTemporaryDir folder;
        const QString caseFile = folder.filePath(QStringLiteral("case.json"));
        std::map<std::string, int> tried;
        for (const auto &row : json.at("rows")) {
            const auto name = row.at("template").get<std::string>();
            if (++tried[name] > 1) // the interpreter's own test has them all
                continue;
            auto one = json.at("cases").at(row.at("case").get<std::string>());
            for (const char *key : {"now", "bos_token", "eos_token"})
                one[key] = json.at(key);
            QVERIFY(writeFile(caseFile, QByteArray::fromStdString(one.dump())));
            const auto result =
                runCli({"render", QString::fromStdString(fixture("templates/" + name)), caseFile});
            if (row.contains("expected")) {
                QVERIFY2(result.exitCode == 0, result.err.constData());
                QCOMPARE(result.out.toStdString(), row.at("expected").get<std::string>());
            } else {
                QCOMPARE(result.exitCode, 1);
            }
        }
        QVERIFY(tried.size() > 5);
    }

    void generateKeepsToAForm()
    {
        QTemporaryDir folder;
        const QString grammar = folder.filePath("form.gbnf");
        QVERIFY(writeFile(grammar, "root ::= [0-9]{3} \"-\" [a-f]{2}"));
        const auto number = runCli(
            kCpu + QStringList{"generate", starter(), "--prompt", "Hello", "--grammar", grammar});
        QCOMPARE(number.exitCode, 0);
        QVERIFY2(QRegularExpression("^[0-9]{3}-[a-f]{2}\n$")
                     .match(QString::fromUtf8(number.out))
                     .hasMatch(),
                 number.out.constData());
        const QString schema = folder.filePath("form.json");
        QVERIFY(writeFile(schema, R"({"properties": {"a": {"type": "integer", "minimum": 3,
            "maximum": 9}}, "required": ["a"]})"));
        const auto json = runCli(kCpu
                                 + QStringList{"generate", starter(), "--prompt", "Hello",
                                               "--json-schema", schema, "--json"})
                              .json();
        QVERIFY(!json.is_discarded());
        QCOMPARE(json.at("stop_reason").get<std::string>(), std::string("end_of_turn"));
        const auto value =
            nlohmann::json::parse(json.at("text").get<std::string>(), nullptr, false);
        QVERIFY(value.is_object() && value.at("a") >= 3 && value.at("a") <= 9);
    }

    void generateTakesEverySampler()
    {
        const QStringList base =
            kCpu + QStringList{"generate", starter(), "--prompt", "Hello", "--seed", "3", "--json"};
        const auto tokens = [&](const QStringList &options) {
            const auto json = runCli(base + options).json();
            return json.is_discarded() ? std::vector<int>()
                                       : json.at("tokens").get<std::vector<int>>();
        };
        const auto plain = tokens({});
        QVERIFY(!plain.empty());
        QCOMPARE(tokens({}), plain);
        // A banned token is not drawn.
        const QString ban = QString::number(plain.front()) + "=never";
        const auto banned = tokens({"--logit-bias", ban});
        QVERIFY(!banned.empty());
        QVERIFY(std::find(banned.begin(), banned.end(), plain.front()) == banned.end());
        // Each changes what is drawn at a temperature at which much could be.
        const QStringList hot{"--temperature", "2", "--top-k",      "0", "--top-p", "1",
                              "--min-p",       "0", "--max-tokens", "40"};
        const auto free = tokens(hot);
        QVERIFY(free.size() > 8);
        for (const QStringList &options :
             {QStringList{"--typical", "0.2"},
              QStringList{"--xtc-probability", "1", "--xtc-threshold", "0.01"},
              QStringList{"--mirostat-tau", "1", "--mirostat-eta", "0.2"},
              QStringList{"--dynatemp-range", "1.9", "--dynatemp-exponent", "2"},
              QStringList{"--top-n-sigma", "0.5"},
              QStringList{"--repeat-penalty", "2", "--penalty-window", "64"}}) {
            const auto drawn = tokens(hot + options);
            QVERIFY2(!drawn.empty() && drawn != free, qPrintable(options.join(' ')));
        }
        // A text that repeats itself goes on doing so, unless DRY forbids it.
        const QStringList rut = kCpu
            + QStringList{
                "generate", starter(),       "--raw", "--prompt",     "Hello Hello Hello Hello",
                "--json",   "--temperature", "0",     "--max-tokens", "8"};
        const auto repeated = runCli(rut).json().at("text").get<std::string>();
        QCOMPARE(repeated.substr(0, 12), std::string(" Hello Hello"));
        const auto dried =
            runCli(rut + QStringList{"--dry-multiplier", "50", "--dry-allowed-length", "1"}).json();
        QVERIFY(dried.at("text").get<std::string>().find("Hello Hello") == std::string::npos);
    }

    void generateAnswers()
    {
        const QStringList request =
            kCpu + QStringList{"generate", starter(), "--prompt", "Hello", "--temperature", "0"};
        const auto result = runCli(request + QStringList{"--json"});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QVERIFY(!json.is_discarded());
        QVERIFY(!json.at("text").get<std::string>().empty());
        QCOMPARE(json.at("tokens").size(), json.at("answer_tokens").get<std::size_t>());
        QVERIFY(json.at("prompt_tokens").get<int>() > 0);
        QCOMPARE(json.at("stop_reason").get<std::string>(), std::string("end_of_turn"));
        for (const char *key : {"prefill_tokens_per_second", "decode_tokens_per_second",
                                "load_seconds", "first_token_seconds"})
            QVERIFY(json.at(key).get<double>() > 0);
        const auto text = runCli(request);
        QCOMPARE(text.out.toStdString(), json.at("text").get<std::string>() + "\n");

        const auto shorter = runCli(request + QStringList{"--json", "--max-tokens", "2"}).json();
        QCOMPARE(shorter.at("answer_tokens").get<int>(), 2);
        QCOMPARE(shorter.at("stop_reason").get<std::string>(), std::string("max_tokens"));

        const auto raw = runCli(kCpu
                                + QStringList{"generate", starter(), "--raw", "--prompt",
                                              "<|im_start|>user\nHello<|im_end|>\n"
                                              "<|im_start|>assistant\n",
                                              "--temperature", "0", "--json"})
                             .json();
        QCOMPARE(raw.at("tokens"), json.at("tokens"));
    }

    void stopTextsEndTheAnswer()
    {
        const QStringList request =
            kCpu + QStringList{"generate",      starter(), "--prompt", "Hello",
                               "--temperature", "0",       "--json"};
        const std::string whole = runCli(request).json().at("text").get<std::string>();
        QVERIFY(whole.size() > 8);
        const std::string stop = whole.substr(whole.size() / 2, 4);
        const auto json =
            runCli(request
                   + QStringList{"--stop", "never written", "--stop", QString::fromStdString(stop)})
                .json();
        QCOMPARE(json.at("text").get<std::string>(), whole.substr(0, whole.find(stop)));
        QCOMPARE(json.at("stop_reason").get<std::string>(), std::string("stop_text"));
        // A model without reasoning and tools has neither.
        QVERIFY(!json.contains("reasoning"));
        QVERIFY(!json.contains("tool_calls"));
        QCOMPARE(runCli(request + QStringList{"--stop", ""}).exitCode, 2);
    }

    void embedPrintsALineForEachText()
    {
        const QStringList request = kCpu + QStringList{"embed", starter(), "--normalize"};
        const auto result = runCli(request, QByteArray("one\0two words", 13));
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const QList<QByteArray> lines = result.out.trimmed().split('\n');
        QCOMPARE(lines.size(), 2);
        for (int i = 0; i < 2; ++i) {
            const auto line = nlohmann::ordered_json::parse(lines[i].toStdString());
            QCOMPARE(line.at("index").get<int>(), i);
            QVERIFY(line.at("tokens").get<int>() > 0);
            double squares = 0;
            for (const double value : line.at("embedding"))
                squares += value * value;
            QVERIFY(line.at("embedding").size() > 0);
            QVERIFY(std::abs(squares - 1) < 1e-4);
        }
    }

    // Drawn on the host (top-k 0) and on the device (top-k 40).
    void theSameSeedGivesTheSameText_data()
    {
        QTest::addColumn<QString>("device");
        QTest::addColumn<QString>("topK");
        for (const char *device : {"cpu", "vulkan"}) {
            for (const char *topK : {"0", "40"})
                QTest::addRow("%s, top-k %s", device, topK) << device << topK;
        }
    }

    void theSameSeedGivesTheSameText()
    {
        QFETCH(QString, device);
        QFETCH(QString, topK);
        const QStringList request{"--device", device,     "generate", starter(),
                                  "--raw",    "--prompt", "Alcove",   "--temperature",
                                  "1.3",      "--top-k",  topK,       "--top-p",
                                  "1",        "--min-p",  "0",        "--max-tokens",
                                  "12",       "--json",   "--seed"};
        if (device == QLatin1String("vulkan")
            && runCli({"--device", device, "generate", starter(), "--prompt", "x", "--max-tokens",
                       "1"})
                    .exitCode
                != 0)
            QSKIP("There is no Vulkan device.");
        const auto one = runCli(request + QStringList{"11"}).json();
        QCOMPARE(one.at("seed").get<int>(), 11);
        QCOMPARE(runCli(request + QStringList{"11"}).json().at("tokens"), one.at("tokens"));
        bool differs = false;
        for (const char *seed : {"12", "13", "14"})
            differs |= runCli(request + QStringList{seed}).json().at("tokens") != one.at("tokens");
        QVERIFY(differs);
    }

    void benchHasEveryFigure()
    {
        const auto result = runCli(kCpu
                                   + QStringList{"bench", starter(), "--prompt", "16", "--generate",
                                                 "8", "--repeat", "2", "--json"});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QVERIFY(!json.is_discarded());
        for (const char *key : {"prefill_tokens_per_second", "decode_tokens_per_second",
                                "decode_gigabytes_per_second", "device_copy_gigabytes_per_second",
                                "fraction_of_bandwidth", "load_seconds", "first_token_seconds",
                                "peak_memory_bytes"}) {
            QVERIFY2(json.at(key).get<double>() > 0, key);
        }
        QVERIFY(json.contains("stages_per_token"));
        QVERIFY(!json.at("device").get<std::string>().empty());
        QCOMPARE(json.at("fraction_of_bandwidth").get<double>(),
                 json.at("decode_gigabytes_per_second").get<double>()
                     / json.at("device_copy_gigabytes_per_second").get<double>());
    }

    void chatHoldsAConversation()
    {
        const auto result = runCli(kCpu + QStringList{"chat", starter(), "--temperature", "0"},
                                   "Hello\n\nHello again\n");
        QCOMPARE(result.exitCode, 0);
        const auto single = runCli(
            kCpu + QStringList{"generate", starter(), "--prompt", "Hello", "--temperature", "0"});
        QVERIFY2(result.out.startsWith(single.out), result.out.constData());
        QVERIFY(result.out.size() > single.out.size());
        QVERIFY(result.err.contains("Alcove Starter"));
    }

    void chatAsksBeforeUsingAnotherTemplate()
    {
        std::string bytes = readFile(starter().toStdString());
        const std::size_t at = bytes.find("{% endfor %}");
        QVERIFY(at != std::string::npos);
        bytes.replace(at, 12, "{% endfox %}");
        const QTemporaryDir folder;
        const QString model = folder.filePath(QStringLiteral("broken template.gguf"));
        QVERIFY(writeFile(model, QByteArray::fromStdString(bytes)));

        const auto refused = runCli(kCpu + QStringList{"generate", model, "--prompt", "Hello"});
        QCOMPARE(refused.exitCode, 1);
        QVERIFY(refused.err.contains("--chatml"));
        const auto agreed = runCli(kCpu
                                   + QStringList{"generate", model, "--prompt", "Hello", "--chatml",
                                                 "--temperature", "0"});
        QCOMPARE(agreed.exitCode, 0);
        QVERIFY(agreed.out.size() > 1);

        const QStringList chat = kCpu + QStringList{"chat", model, "--temperature", "0"};
        const auto no = runCli(chat, "Hello\nn\n");
        QCOMPARE(no.exitCode, 0);
        QCOMPARE(no.out.trimmed(), QByteArray());
        const auto yes = runCli(chat, "Hello\ny\n");
        QCOMPARE(yes.exitCode, 0);
        QCOMPARE(yes.out, agreed.out);
    }

#ifndef _WIN32
    void interruptStopsTheAnswerAndNotTheProgram()
    {
        QProcess process;
        // Hot and long, so that the answer does not end by itself before it is stopped.
        process.start(cliPath(),
                      kCpu
                          + QStringList{"chat", starter(), "--temperature", "50", "--top-k", "0",
                                        "--top-p", "1", "--min-p", "0", "--seed", "3"});
        QVERIFY(process.waitForStarted(kPatience));
        process.write("Hello\n");
        QVERIFY(process.waitForReadyRead(kPatience)); // the answer streams
        QCOMPARE(::kill(pid_t(process.processId()), SIGINT), 0);
        QByteArray remarks;
        QVERIFY(waitFor(process, remarks, "(stopped)"));
        QCOMPARE(process.state(), QProcess::Running);

        // At the prompt: the first tells how to leave, the second leaves.
        QCOMPARE(::kill(pid_t(process.processId()), SIGINT), 0);
        QVERIFY(waitFor(process, remarks, "once more"));
        QCOMPARE(process.state(), QProcess::Running);
        QCOMPARE(::kill(pid_t(process.processId()), SIGINT), 0);
        QVERIFY(process.waitForFinished(kPatience));
        QCOMPARE(process.exitStatus(), QProcess::NormalExit);
        QCOMPARE(process.exitCode(), 0);
    }

private:
    static bool waitFor(QProcess &process, QByteArray &seen, const char *text)
    {
        return QTest::qWaitFor(
            [&] {
                process.waitForReadyRead(20);
                seen += process.readAllStandardError();
                return seen.contains(text);
            },
            kPatience);
    }
#endif
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
