#include "core/engine/benchmark.h"
#include "core/engine/host_info.h"
#include "core/engine/memory_bandwidth.h"
#include "session_support.h"

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

const BandwidthProbe kTenGigabytes = [](const DeviceOption &, std::uint32_t) -> Result<double> {
    return 10e9;
};

} // namespace

class TestBenchmark : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void medianIsTheMiddle()
    {
        QCOMPARE(median({}), 0.0);
        QCOMPARE(median({3}), 3.0);
        QCOMPARE(median({9, 1, 2}), 2.0);
        QCOMPARE(median({4, 1, 3, 100}), 3.5);
    }

    void figuresFitTogether()
    {
        const auto session = openSession(processorOnly(), 64);
        QVERIFY(session);
        BenchmarkOptions options;
        options.promptTokens = 24;
        options.generatedTokens = 12;
        options.repeats = 2;
        const auto result = runBenchmark(*session, options, kTenGigabytes);
        QVERIFY(result);
        QVERIFY(result->prefillTokensPerSecond > 0);
        QVERIFY(result->decodeTokensPerSecond > 0);
        QVERIFY(result->firstTokenSeconds > 0);
        QCOMPARE(result->loadSeconds, session->info().loadSeconds);
        QCOMPARE(result->stagesPerToken, session->executorInfo().stagesPerToken);
        QVERIFY(result->peakMemoryBytes >= 6'000'000);
        // All weights (the embedding is the output matrix too), and K and V of half the positions.
        const llm::ModelSpec &spec = session->model().spec();
        QVERIFY(spec.tiedEmbedding);
        QCOMPARE(weightBytesPerToken(spec), spec.weightBytes());
        const double kv = double(spec.kvBytesPerPosition(2)) * (24 + 6.5);
        QCOMPARE(double(result->bytesPerToken), std::floor(double(spec.weightBytes()) + kv));
        QCOMPARE(result->decodeGigabytesPerSecond,
                 double(result->bytesPerToken) * result->decodeTokensPerSecond / 1e9);
        QCOMPARE(result->deviceCopyGigabytesPerSecond, 10.0);
        QCOMPARE(result->fractionOfBandwidth, result->decodeGigabytesPerSecond / 10.0);
    }

    void anUntiedEmbeddingIsReadByTheRow()
    {
        const auto model = llm::Model::open(fixture("arch/llama3.gguf"));
        QVERIFY(model);
        const llm::ModelSpec &spec = (*model)->spec();
        const std::uint64_t table = spec.embedding->data.size();
        if (spec.tiedEmbedding)
            QCOMPARE(weightBytesPerToken(spec), spec.weightBytes());
        else
            QCOMPARE(weightBytesPerToken(spec),
                     spec.weightBytes() - table + table / spec.vocabulary);
    }

    void refusesWhatDoesNotFit()
    {
        const auto session = openSession(processorOnly(), 64);
        QVERIFY(session);
        BenchmarkOptions options;
        options.promptTokens = 60;
        options.generatedTokens = 4;
        const auto result = runBenchmark(*session, options, kTenGigabytes);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::InvalidArgument);
        options.repeats = 0;
        QCOMPARE(runBenchmark(*session, options, kTenGigabytes).error().code,
                 ErrorCode::InvalidArgument);
    }

    void aProbeThatFailsIsAnError()
    {
        const auto session = openSession(processorOnly(), 64);
        QVERIFY(session);
        BenchmarkOptions options;
        options.promptTokens = 8;
        options.generatedTokens = 2;
        options.repeats = 1;
        const auto result = runBenchmark(*session, options,
                                         [](const DeviceOption &, std::uint32_t) -> Result<double> {
                                             return fail(ErrorCode::DeviceLost, "Gone.");
                                         });
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::DeviceLost);
    }

    void memoryIsMeasured()
    {
        const auto bandwidth = measureReadBandwidth(2);
        QVERIFY(bandwidth);
        QVERIFY(*bandwidth > 0);
        QVERIFY(physicalMemoryBytes() > 0);
        QVERIFY(peakResidentBytes() > 0);
        QVERIFY(peakResidentBytes() <= physicalMemoryBytes());
    }
};

QTEST_APPLESS_MAIN(TestBenchmark)
#include "tst_benchmark.moc"
