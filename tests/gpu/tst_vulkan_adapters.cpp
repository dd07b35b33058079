// LoRA adapters on a Vulkan device, against the reference executor: every kind of block, several at
// once, in batches and token by token, and exchanged on a loaded model.
#include "core/cpu/reference_executor.h"
#include "gpu_support.h"
#include "tests/support/adapter_file.h"
#include "tests/support/fixtures.h"

#include <algorithm>

using namespace alcove;
using namespace alcove::llm;

namespace {

using Logits = std::vector<float>;

Logits batch(Executor &executor, std::span<const Token> tokens)
{
    const auto logits = executor.forward(tokens, LogitRows::All);
    return logits ? *logits : Logits();
}

Logits oneByOne(Executor &executor, std::span<const Token> tokens)
{
    Logits all;
    for (const Token token : tokens) {
        const auto row = executor.forward({&token, 1}, LogitRows::Last);
        if (!row)
            return {};
        all.insert(all.end(), row->begin(), row->end());
    }
    return all;
}

ExecutorOptions optionsOf(std::uint32_t context)
{
    ExecutorOptions options;
    options.contextLength = context;
    options.kvFormat = KvFormat::F32;
    return options;
}

} // namespace

class TestVulkanAdapters : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        m_device = test::usableDevice();
        if (!m_device)
            QSKIP("There is no Vulkan device on this machine.");
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }

    void matchesTheReference_data()
    {
        QTest::addColumn<QString>("model");
        // Joined and split projections, biases, soft caps, post-norms, experts with and without
        // biases and a shared one, and the recurrent mixers.
        for (const char *name :
             {"quant/llama-Q4_K_M", "arch/qwen2", "arch/gemma2", "arch/phi3", "arch/mixtral",
              "arch/gptoss", "arch/qwen35", "arch/granitehybrid", "arch/lfm2"}) {
            const std::string path = test::fixture(std::string(name) + ".gguf");
            if (!path.empty())
                QTest::newRow(name) << QString::fromStdString(path);
        }
    }
    void matchesTheReference()
    {
        QFETCH(QString, model);
        const auto opened = Model::open(model.toStdString());
        QVERIFY(opened);
        const std::string small = test::adapterFor(**opened, 3, 11);
        const std::string large = test::adapterFor(**opened, 20, 97);
        const std::vector<AdapterUse> uses = {{test::parsedAdapter(small), 0.8f},
                                              {test::parsedAdapter(large), -0.5f}};
        QVERIFY(uses[0].adapter && uses[1].adapter);
        auto reference = cpu::createReferenceExecutor(*opened, optionsOf(64));
        QVERIFY(reference);
        const std::vector<Token> tokens = test::someTokens(19, (*opened)->spec().vocabulary);
        const Logits plain = batch(**reference, tokens);
        QVERIFY((*reference)->setAdapters(uses));
        const Logits expected = batch(**reference, tokens);
        QVERIFY(test::nmse(plain, expected) > 0.01); // they change what the model says

        const auto executor = test::loadOn(*m_device, model.toStdString(), optionsOf(64));
        QVERIFY(executor);
        const auto near = [](const Logits &actual, const Logits &wanted) {
            return actual.size() == wanted.size()
                && test::nmse(actual, wanted) < test::kNmseFloat32;
        };
        QVERIFY(near(batch(*executor, tokens), plain));
        const std::uint64_t before = executor->info().scratchBytes;
        QVERIFY(executor->setAdapters(uses));
        QVERIFY(executor->info().scratchBytes > before);
        QCOMPARE(executor->length(), 0u);
        QVERIFY(near(batch(*executor, tokens), expected));
        QVERIFY(executor->truncate(0));
        QVERIFY(near(oneByOne(*executor, tokens), expected));

        // What is drawn is what the logits say.
        const std::span<const float> last = std::span(expected).last((*opened)->spec().vocabulary);
        SamplingParams greedy;
        greedy.temperature = 0;
        QVERIFY(executor->startSampling(greedy, tokens));
        const auto drawn = executor->sampleNext();
        QVERIFY(drawn);
        QCOMPARE(*drawn, Token(std::max_element(last.begin(), last.end()) - last.begin()));
        const auto second = executor->sampleNext();
        QVERIFY(second);
        const auto row = (*reference)->forward({&*drawn, 1}, LogitRows::Last);
        QVERIFY(row);
        QCOMPARE(*second, Token(std::max_element(row->begin(), row->end()) - row->begin()));

        // Without them the model is as it was.
        QVERIFY(executor->setAdapters({}));
        QCOMPARE(executor->info().scratchBytes, before);
        QVERIFY(near(batch(*executor, tokens), plain));
        QVERIFY(executor->truncate(0));
        QVERIFY(near(oneByOne(*executor, tokens), plain));
    }

    void anEncoderToo()
    {
        const std::string path = test::fixture("arch/nomic-bert.gguf");
        if (path.empty())
            QSKIP("The fixtures of the architectures are not beside this checkout.");
        const auto opened = Model::open(path);
        QVERIFY(opened);
        const std::string bytes = test::adapterFor(**opened, 4, 7);
        const AdapterUse use{test::parsedAdapter(bytes), 1.0f};
        QVERIFY(use.adapter);
        auto reference = cpu::createReferenceExecutor(*opened, optionsOf(64));
        QVERIFY(reference);
        const std::vector<Token> tokens = test::someTokens(17, (*opened)->spec().vocabulary);
        const auto plain = (*reference)->embed(tokens, Pooling::Mean);
        QVERIFY((*reference)->setAdapters({&use, 1}));
        const auto expected = (*reference)->embed(tokens, Pooling::Mean);
        QVERIFY(plain && expected);
        QVERIFY(test::nmse(*plain, *expected) > 0.01);
        const auto executor = test::loadOn(*m_device, path, optionsOf(64));
        QVERIFY(executor);
        QVERIFY(executor->setAdapters({&use, 1}));
        const auto actual = executor->embed(tokens, Pooling::Mean);
        QVERIFY(actual);
        QVERIFY(test::nmse(*actual, *expected) < test::kNmseFloat32);
    }

    // Looked up beside the model's own table, which a tied output goes on using as it is.
    void theEmbeddingToo_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"arch/llama3", "arch/gemma2", "arch/granite"}) {
            const std::string path = test::fixture(std::string(name) + ".gguf");
            if (!path.empty())
                QTest::newRow(name) << QString::fromStdString(path);
        }
    }
    void theEmbeddingToo()
    {
        QFETCH(QString, model);
        const auto opened = Model::open(model.toStdString());
        QVERIFY(opened);
        const std::string first = test::embeddingAdapterFor(**opened, 5, 3);
        const std::string second = test::embeddingAdapterFor(**opened, 18, 8);
        const std::string rest = test::adapterFor(**opened, 4, 21);
        const std::vector<AdapterUse> uses = {{test::parsedAdapter(first), 1.0f},
                                              {test::parsedAdapter(rest), 0.5f},
                                              {test::parsedAdapter(second), -0.5f}};
        for (const AdapterUse &use : uses)
            QVERIFY(use.adapter);
        auto reference = cpu::createReferenceExecutor(*opened, optionsOf(64));
        const auto executor = test::loadOn(*m_device, model.toStdString(), optionsOf(64));
        QVERIFY(reference && executor);
        const std::vector<Token> tokens = test::someTokens(15, (*opened)->spec().vocabulary);
        for (const std::size_t count : {std::size_t(1), uses.size()}) {
            const Logits plain = batch(**reference, tokens);
            QVERIFY((*reference)->setAdapters(std::span(uses).first(count)));
            const Logits expected = batch(**reference, tokens);
            QVERIFY(test::nmse(plain, expected) > 0.01);
            QVERIFY(executor->setAdapters(std::span(uses).first(count)));
            QVERIFY(test::nmse(batch(*executor, tokens), expected) < test::kNmseFloat32);
            QVERIFY(executor->truncate(0));
            QVERIFY(test::nmse(oneByOne(*executor, tokens), expected) < test::kNmseFloat32);
            QVERIFY((*reference)->setAdapters({}));
            QVERIFY(executor->setAdapters({}));
            QVERIFY(test::nmse(oneByOne(*executor, tokens), plain) < test::kNmseFloat32);
        }
    }

    void whatDoesNotFitLeavesTheOldOnes()
    {
        const std::string path = test::fixture("arch/llama3.gguf");
        const auto opened = Model::open(path);
        QVERIFY(opened);
        const std::string good = test::adapterFor(**opened, 4, 5);
        test::GgufWriter file;
        file.text("general.architecture", "qwen3")
            .text("general.type", "adapter")
            .text("adapter.type", "lora")
            .tensor("output.weight.lora_a", {4, 1})
            .tensor("output.weight.lora_b", {1, 4});
        const std::string bad = file.bytes();
        const AdapterUse use{test::parsedAdapter(good), 1.0f};
        const AdapterUse other{test::parsedAdapter(bad), 1.0f};
        QVERIFY(use.adapter && other.adapter);
        const auto executor = test::loadOn(*m_device, path, optionsOf(64));
        QVERIFY(executor);
        QVERIFY(executor->setAdapters({&use, 1}));
        const std::vector<Token> tokens = test::someTokens(9, (*opened)->spec().vocabulary);
        const Logits adapted = batch(*executor, tokens);
        const auto refused = executor->setAdapters({&other, 1});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), std::uint32_t(tokens.size()));
        QVERIFY(executor->truncate(0));
        QVERIFY(batch(*executor, tokens) == adapted);
    }

private:
    std::optional<gpu::DeviceInfo> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanAdapters)
#include "tst_vulkan_adapters.moc"
