#include "tests/cpu/cpu_executor_support.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace alcove;
using namespace alcove::test;

namespace {

llm::Token best(std::span<const float> logits)
{
    return llm::Token(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

} // namespace

class TestCpuExecutor : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void matchesTheFixtures_data() { test::addFeedingRows(); }
    void matchesTheFixtures()
    {
        QFETCH(QString, model);
        const auto opened = openModel(model.toStdString());
        QVERIFY(opened);
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            for (const std::uint32_t threads : {1u, 3u}) {
                if (threads > 1 && kernels != &cpu::bestKernels())
                    continue; // how work is shared out does not depend on the kernels
                llm::ExecutorOptions options = contextOf(32);
                options.threads = threads;
                const auto executor = create(opened, options, *kernels);
                QVERIFY(executor);
                test::compareFeeding(*executor,
                                     quantised(*opened) ? test::kNmseInt8Activations
                                                        : test::kNmseFloat16Kv);
                if (QTest::currentTestFailed()) {
                    qWarning("with the %s kernels and %u threads", kernels->name, threads);
                    return;
                }
            }
        }
    }

    void keepsFloat32WhenAsked_data() { test::addFeedingRows(); }
    void keepsFloat32WhenAsked()
    {
        QFETCH(QString, model);
        const auto opened = openModel(model.toStdString());
        QVERIFY(opened);
        if (quantised(*opened))
            return;
        llm::ExecutorOptions options = contextOf(32);
        options.kvFormat = llm::KvFormat::F32;
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            const auto executor = create(opened, options, *kernels);
            QVERIFY(executor);
            test::compareFeeding(*executor, test::kNmseFloat32);
        }
    }

    // Batches, KV tiles and the spans of the softmax all have edges: 300 tokens cross each.
    void longPromptsAgreeWithOneByOne()
    {
        for (const char *name : {"quant/llama-Q4_K_M", "arch/qwen3"}) {
            const auto model = openFixture(name);
            QVERIFY(model);
            const std::uint32_t vocabulary = model->spec().vocabulary;
            const auto tokens = someTokens(300, vocabulary);
            const auto whole = create(model, contextOf(301));
            const auto single = create(model, contextOf(301));
            QVERIFY(whole && single);
            const auto expected = whole->forward(tokens, llm::LogitRows::All);
            QVERIFY(expected);
            std::vector<float> actual;
            for (const llm::Token &token : tokens) {
                const auto row = single->forward({&token, 1}, llm::LogitRows::Last);
                QVERIFY(row);
                actual.insert(actual.end(), row->begin(), row->end());
            }
            const double error = test::nmse(actual, *expected);
            QVERIFY2(error <= test::kNmseFloat16Kv, qPrintable(QString::number(error)));
            QCOMPARE(test::argmaxDisagreements(actual, *expected, vocabulary), 0);
        }
    }

    void forgetsAndComputesAgain()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        const auto executor = create(model, contextOf(64));
        QVERIFY(executor);
        const auto tokens = someTokens(24, model->spec().vocabulary);
        const auto first = executor->forward(tokens, llm::LogitRows::Last);
        QVERIFY(first);
        // Other tokens in between must leave no trace.
        QVERIFY(executor->truncate(10));
        QCOMPARE(executor->length(), 10u);
        QVERIFY(executor->forward(someTokens(40, 91), llm::LogitRows::None));
        QVERIFY(executor->truncate(10));
        const auto again = executor->forward(std::span(tokens).subspan(10), llm::LogitRows::Last);
        QVERIFY(again);
        QVERIFY(test::nmse(*again, *first) <= 1e-9);
        QVERIFY(executor->truncate(0));
        const auto whole = executor->forward(tokens, llm::LogitRows::Last);
        QVERIFY(whole);
        QVERIFY(*whole == *first);
        const auto tooLong = executor->truncate(25);
        QVERIFY(!tooLong);
        QCOMPARE(tooLong.error().code, ErrorCode::InvalidArgument);
        QCOMPARE(executor->length(), 24u);
    }

    void refusesWhatItCannotEvaluate()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        const auto executor = create(model, contextOf(16));
        QVERIFY(executor);
        QCOMPARE(executor->capacity(), 16u);
        const auto vocabulary = llm::Token(model->spec().vocabulary);
        const auto code = [&](const std::vector<llm::Token> &tokens) {
            const auto result = executor->forward(tokens, llm::LogitRows::Last);
            return result ? ErrorCode::Internal : result.error().code;
        };
        QCOMPARE(code({}), ErrorCode::InvalidArgument);
        QCOMPARE(code({1, -1}), ErrorCode::InvalidArgument);
        QCOMPARE(code({1, vocabulary}), ErrorCode::InvalidArgument);
        QCOMPARE(code(someTokens(17, 100)), ErrorCode::ContextFull);
        QCOMPARE(executor->length(), 0u);
        QVERIFY(executor->forward(someTokens(16, 100), llm::LogitRows::Last));
        QCOMPARE(executor->length(), 16u);
        QCOMPARE(code({1}), ErrorCode::ContextFull);
        QCOMPARE(executor->length(), 16u);
    }

    void refusesKeysInFourBits()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        llm::ExecutorOptions options = contextOf(16);
        options.kvFormat = llm::KvFormat::Q4_0;
        const auto executor = cpu::createCpuExecutor(model, options);
        QVERIFY(!executor);
        QCOMPARE(executor.error().code, ErrorCode::InvalidArgument);
    }

    void saysHowMuchMemoryAContextNeeds()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        const auto executor =
            cpu::createCpuExecutor(model, contextOf(std::numeric_limits<std::uint32_t>::max()));
        QVERIFY(!executor);
        QCOMPARE(executor.error().code, ErrorCode::OutOfMemory);
        const QString message = QString::fromStdString(executor.error().message);
        QVERIFY2(message.contains(QLatin1String("4294967295 tokens"))
                     && message.contains(QLatin1String("iB of memory")),
                 qPrintable(message));
    }

    void stopsInTheMiddle()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        const auto executor = create(model, contextOf(512));
        const auto other = create(model, contextOf(512));
        QVERIFY(executor && other);
        const auto tokens = someTokens(400, model->spec().vocabulary);
        llm::ForwardHooks hooks;
        std::vector<std::size_t> reported;
        hooks.progress = [&](std::size_t done, std::size_t total) {
            reported.push_back(done);
            QCOMPARE(total, tokens.size());
            if (reported.size() == 2)
                hooks.cancel.cancel();
        };
        const auto stopped = executor->forward(tokens, llm::LogitRows::Last, hooks);
        QVERIFY(!stopped);
        QVERIFY(stopped.error().cancelled());
        QCOMPARE(reported.size(), std::size_t(2));
        QCOMPARE(std::size_t(executor->length()), reported.back());
        QVERIFY(executor->length() < tokens.size());
        const auto nothing = executor->startSampling({}, {});
        QVERIFY(!nothing);
        // What was computed is kept: the rest continues from there.
        const auto rest =
            executor->forward(std::span(tokens).subspan(executor->length()), llm::LogitRows::Last);
        const auto expected = other->forward(tokens, llm::LogitRows::Last);
        QVERIFY(rest && expected);
        QVERIFY(*rest == *expected);
    }

    void doesNotStartWhenStoppedBefore()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        llm::LoadHooks load;
        load.cancel.cancel();
        const auto unloaded = cpu::createCpuExecutor(model, contextOf(16), load);
        QVERIFY(!unloaded);
        QVERIFY(unloaded.error().cancelled());
        const auto executor = create(model, contextOf(16));
        QVERIFY(executor);
        llm::ForwardHooks hooks;
        hooks.cancel.cancel();
        const auto stopped = executor->forward(someTokens(4, 100), llm::LogitRows::Last, hooks);
        QVERIFY(!stopped);
        QVERIFY(stopped.error().cancelled());
        QCOMPARE(executor->length(), 0u);
    }

    void reportsLoading()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        llm::LoadHooks hooks;
        std::uint64_t last = 0;
        std::uint64_t whole = 0;
        hooks.progress = [&](std::uint64_t done, std::uint64_t total) {
            QVERIFY(done >= last);
            last = done;
            whole = total;
        };
        const auto executor = cpu::createCpuExecutor(model, contextOf(16), hooks);
        QVERIFY(executor);
        QVERIFY(whole > 0);
        QCOMPARE(last, whole);
        QCOMPARE((*executor)->info().device, std::string("Processor"));
        QVERIFY((*executor)->info().kvBytes >= 16 * model->spec().kvBytesPerPosition(2));
    }

    void greedySamplingFollowsTheLogits()
    {
        const auto model = openFixture("quant/llama-Q4_K_M");
        QVERIFY(model);
        const auto tokens = someTokens(9, model->spec().vocabulary);
        const auto executor = create(model, contextOf(16));
        const auto other = create(model, contextOf(16));
        QVERIFY(executor && other);
        llm::SamplingParams greedy;
        greedy.temperature = 0;
        QVERIFY(!executor->sampleNext());
        QVERIFY(!executor->startSampling(greedy, tokens));
        // Logits that nobody asked for are there for sampling all the same.
        QVERIFY(executor->forward(tokens, llm::LogitRows::None));
        QVERIFY(executor->startSampling(greedy, tokens));
        auto logits = other->forward(tokens, llm::LogitRows::Last);
        QVERIFY(logits);
        for (std::uint32_t i = 0; i < 8; ++i) {
            const auto token = executor->sampleNext();
            QVERIFY(token);
            QCOMPARE(*token, best(*logits));
            QCOMPARE(executor->length(), 9 + i);
            if (i < 7) {
                logits = other->forward({&*token, 1}, llm::LogitRows::Last);
                QVERIFY(logits);
            }
        }
        const auto full = executor->sampleNext();
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::ContextFull);
        QCOMPARE(executor->length(), 16u);
        QVERIFY(executor->truncate(12));
        QVERIFY(!executor->sampleNext()); // the run has ended
    }

    void executorsDoNotDisturbEachOther()
    {
        const auto model = openFixture("quant/llama-Q8_0");
        QVERIFY(model);
        const auto tokens = someTokens(20, model->spec().vocabulary);
        const auto others = someTokens(20, 50);
        const auto alone = create(model, contextOf(32));
        const auto one = create(model, contextOf(32));
        const auto two = create(model, contextOf(32));
        QVERIFY(alone && one && two);
        const auto expected = alone->forward(tokens, llm::LogitRows::Last);
        QVERIFY(expected);
        QVERIFY(one->forward(std::span(tokens).first(8), llm::LogitRows::None));
        QVERIFY(two->forward(others, llm::LogitRows::None));
        const auto actual = one->forward(std::span(tokens).subspan(8), llm::LogitRows::Last);
        QVERIFY(actual);
        QVERIFY(test::nmse(*actual, *expected) <= 1e-9);
    }
};

QTEST_APPLESS_MAIN(TestCpuExecutor)
#include "tst_cpu_executor.moc"
