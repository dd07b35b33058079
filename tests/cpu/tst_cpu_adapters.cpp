// LoRA adapters on the fast path, against the reference executor: every architecture, every set of
// kernels, several at once, and exchanged on a loaded model.
#include "core/cpu/reference_executor.h"
#include "tests/cpu/cpu_executor_support.h"
#include "tests/support/adapter_file.h"

#include <QTest>

using namespace alcove;
using namespace alcove::test;

namespace {

using Logits = std::vector<float>;

Logits logitsWith(llm::Executor &executor, std::span<const llm::AdapterUse> uses,
                  std::span<const llm::Token> tokens)
{
    if (!executor.setAdapters(uses) || executor.length() != 0)
        return {};
    const auto logits = executor.forward(tokens, llm::LogitRows::All);
    return logits ? *logits : Logits();
}

} // namespace

class TestCpuAdapters : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void matchesTheReference_data()
    {
        QTest::addColumn<QString>("model");
        for (const ModelCase &one : modelCases()) {
            if (one.name.rfind("arch/", 0) == 0 && !one.isEncoder())
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.model);
        }
        QTest::newRow("Q4_K_M") << QString::fromStdString(fixture("quant/llama-Q4_K_M.gguf"));
    }
    void matchesTheReference()
    {
        QFETCH(QString, model);
        ALCOVE_OPEN_OR_SKIP(opened, model.toStdString());
        // One rank below a panel of rows and one above it.
        const std::string small = adapterFor(*opened, 3, 11);
        const std::string large = adapterFor(*opened, 20, 97);
        const std::vector<llm::AdapterUse> uses = {{parsedAdapter(small), 0.8f},
                                                   {parsedAdapter(large), -0.5f}};
        QVERIFY(uses[0].adapter && uses[1].adapter);
        QVERIFY(uses[0].adapter->pairs().size() >= opened->spec().layers.size());
        const auto options = contextOf(64, llm::KvFormat::F32);
        auto reference = cpu::createReferenceExecutor(opened, options);
        QVERIFY(reference);
        const std::vector<llm::Token> tokens = someTokens(21, opened->spec().vocabulary);
        const Logits plain = logitsWith(**reference, {}, tokens);
        const Logits expected = logitsWith(**reference, uses, tokens);
        QCOMPARE(expected.size(), plain.size());
        QVERIFY(nmse(plain, expected) > 0.01); // they change what the model says
        const double tolerance = quantised(*opened) ? kNmseInt8Activations : kNmseFloat32;
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            const auto executor = create(opened, options, *kernels);
            QVERIFY(executor);
            const Logits actual = logitsWith(*executor, uses, tokens);
            QCOMPARE(actual.size(), expected.size());
            QVERIFY2(nmse(actual, expected) < tolerance,
                     qPrintable(
                         QStringLiteral("%1: %2").arg(kernels->name).arg(nmse(actual, expected))));
            // One by one.
            QVERIFY(executor->truncate(0));
            Logits single;
            for (const llm::Token token : tokens) {
                const auto row = executor->forward({&token, 1}, llm::LogitRows::Last);
                QVERIFY(row);
                single.insert(single.end(), row->begin(), row->end());
            }
            QVERIFY(nmse(single, expected) < tolerance);
            // Without them the model is as it was.
            QVERIFY(nmse(logitsWith(*executor, {}, tokens), plain) < tolerance);
        }
    }

    void theEmbeddingToo()
    {
        ALCOVE_OPEN_OR_SKIP(opened, fixture("arch/llama3.gguf"));
        const std::string bytes = embeddingAdapterFor(*opened, 5, 3);
        const llm::AdapterUse use{parsedAdapter(bytes), 1.0f};
        QVERIFY(use.adapter);
        const auto options = contextOf(64, llm::KvFormat::F32);
        auto reference = cpu::createReferenceExecutor(opened, options);
        QVERIFY(reference);
        const auto executor = create(opened, options);
        QVERIFY(executor);
        const std::vector<llm::Token> tokens = someTokens(9, opened->spec().vocabulary);
        const Logits plain = logitsWith(**reference, {}, tokens);
        const Logits expected = logitsWith(**reference, {&use, 1}, tokens);
        QVERIFY(nmse(plain, expected) > 0.01);
        QVERIFY(nmse(logitsWith(*executor, {&use, 1}, tokens), expected)
                < (quantised(*opened) ? kNmseInt8Activations : kNmseFloat32));
    }

    void whatDoesNotFitLeavesTheOldOnes()
    {
        ALCOVE_OPEN_OR_SKIP(opened, fixture("arch/llama3.gguf"));
        const std::string good = adapterFor(*opened, 4, 5);
        GgufWriter other;
        other.text("general.architecture", "qwen3")
            .text("general.type", "adapter")
            .text("adapter.type", "lora")
            .floats("output.weight.lora_a", {4, 1}, {1, 2, 3, 4})
            .floats("output.weight.lora_b", {1, 4}, {1, 2, 3, 4});
        const std::string bad = other.bytes();
        const llm::AdapterUse use{parsedAdapter(good), 1.0f};
        const llm::AdapterUse wrong{parsedAdapter(bad), 1.0f};
        QVERIFY(use.adapter && wrong.adapter);
        const auto executor = create(opened, contextOf(64));
        QVERIFY(executor);
        const std::vector<llm::Token> tokens = someTokens(9, opened->spec().vocabulary);
        const Logits adapted = logitsWith(*executor, {&use, 1}, tokens);
        const auto refused = executor->setAdapters({&wrong, 1});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), std::uint32_t(tokens.size()));
        QVERIFY(executor->truncate(0));
        QVERIFY(*executor->forward(tokens, llm::LogitRows::All) == adapted);
        QVERIFY(executor->info().scratchBytes > create(opened, contextOf(64))->info().scratchBytes);
    }
};

QTEST_GUILESS_MAIN(TestCpuAdapters)
#include "tst_cpu_adapters.moc"
