// The shipped starter model in our engine against the scripts that made it: token ids, logits and
// greedy text of a handful of conversations, recorded once by resources/starter/record.py.

#include "core/cpu/cpu_executor.h"
#include "core/cpu/reference_executor.h"
#include "core/llm/chat_template.h"
#include "core/llm/tokenizer.h"
#include "tests/gpu/gpu_support.h"
#include "tests/support/fixtures.h"

#include <QTest>

using namespace alcove;

class TestStarter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const std::string root = ALCOVE_SOURCE_DIR;
        auto model = llm::Model::open(root + "/resources/models/starter-q8_0.gguf");
        QVERIFY2(model, model ? "" : model.error().message.c_str());
        m_model = *model;
        auto tokenizer = llm::Tokenizer::create(m_model->file());
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        m_tokenizer = *tokenizer;
        m_recorded = llm::Json::parse(test::readFile(root + "/tests/starter/recorded.json"));
        m_logits = test::readFloats(root + "/tests/starter/recorded.f32");
        QVERIFY(m_recorded.at("prompts").size() >= 5);
        QCOMPARE(m_logits.size(), m_recorded.at("prompts").size() * m_model->spec().vocabulary);
    }

    void tokensAreThoseOfTheScripts()
    {
        const auto source = m_model->file().string("tokenizer.chat_template");
        QVERIFY(source);
        const auto chat = llm::ChatTemplate::parse(*source);
        QVERIFY(chat);
        for (const auto &prompt : m_recorded.at("prompts")) {
            const auto text = chat->render(
                {{"messages", prompt.at("messages")}, {"add_generation_prompt", true}});
            QVERIFY(text);
            QCOMPARE(m_tokenizer->encode(*text, llm::AddSpecial::AsModel, llm::ParseSpecial::Yes),
                     prompt.at("tokens").get<std::vector<llm::Token>>());
            QCOMPARE(m_tokenizer->decode(prompt.at("answer").get<std::vector<llm::Token>>()),
                     prompt.at("text").get<std::string>());
        }
    }

    void logitsAndAnswersAreThoseOfTheScripts_data()
    {
        QTest::addColumn<QString>("runs");
        QTest::addColumn<double>("tolerance");
        QTest::newRow("reference") << "reference" << test::kNmseFloat32;
        QTest::newRow("processor") << "processor" << test::kNmseInt8Activations;
        QTest::newRow("Vulkan") << "Vulkan" << test::kNmseFloat16Kv;
    }

    void logitsAndAnswersAreThoseOfTheScripts()
    {
        QFETCH(QString, runs);
        QFETCH(double, tolerance);
        auto executor = executorOf(runs);
        if (!executor && executor.error().code == ErrorCode::DeviceUnavailable)
            QSKIP("There is no Vulkan device.");
        QVERIFY2(executor, executor ? "" : executor.error().message.c_str());
        const std::size_t vocabulary = m_model->spec().vocabulary;
        std::size_t row = 0;
        for (const auto &prompt : m_recorded.at("prompts")) {
            const auto tokens = prompt.at("tokens").get<std::vector<llm::Token>>();
            QVERIFY((*executor)->truncate(0));
            const auto logits = (*executor)->forward(tokens, llm::LogitRows::Last);
            QVERIFY2(logits, logits ? "" : logits.error().message.c_str());
            const std::span<const float> expected(m_logits.data() + row * vocabulary, vocabulary);
            QVERIFY2(test::nmse(*logits, expected) <= tolerance,
                     qPrintable(QString::number(test::nmse(*logits, expected))));

            llm::SamplingParams greedy;
            greedy.temperature = 0;
            QVERIFY((*executor)->startSampling(greedy, tokens));
            std::vector<llm::Token> answer;
            const auto recorded = prompt.at("answer").get<std::vector<llm::Token>>();
            while (answer.size() < recorded.size()) {
                const auto token = (*executor)->sampleNext();
                QVERIFY2(token, token ? "" : token.error().message.c_str());
                answer.push_back(*token);
            }
            QCOMPARE(answer, recorded);
            ++row;
        }
    }

private:
    Result<std::unique_ptr<llm::Executor>> executorOf(const QString &name) const
    {
        llm::ExecutorOptions options;
        options.contextLength = 256;
        if (name == QLatin1String("processor"))
            return cpu::createCpuExecutor(m_model, options, {});
        if (name == QLatin1String("Vulkan")) {
            const auto device = test::usableDevice();
            if (!device)
                return fail(ErrorCode::DeviceUnavailable, "There is none.");
            return gpu::createVulkanExecutor(m_model, *device, options);
        }
        options.kvFormat = llm::KvFormat::F32;
        return cpu::createReferenceExecutor(m_model, options, {});
    }

    std::shared_ptr<const llm::Model> m_model;
    std::shared_ptr<const llm::Tokenizer> m_tokenizer;
    llm::Json m_recorded;
    std::vector<float> m_logits; // [prompts][vocabulary]
};

QTEST_APPLESS_MAIN(TestStarter)
#include "tst_starter.moc"
