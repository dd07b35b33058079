// What a model's file recommends for sampling.
#include "core/llm/sampling_defaults.h"
#include "tests/support/gguf_writer.h"

#include <QTest>

#include <limits>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

SamplingParams recommended(const GgufWriter &writer, const SamplingParams &fallback)
{
    const std::string bytes = writer.bytes();
    const auto file = GgufFile::parse(GgufWriter::view(bytes), "model.gguf");
    return file ? recommendedSampling(*file, fallback) : SamplingParams{};
}

} // namespace

class TestSamplingDefaults : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsTheModelsRecommendation()
    {
        GgufWriter file;
        file.text("general.architecture", "llama")
            .f32("general.sampling.temp", 0.6f)
            .raw("general.sampling.top_k", GgufValueType::Int32, bytesOf(std::int32_t(20)))
            .f32("general.sampling.top_p", 0.9f)
            .f32("general.sampling.min_p", 0.01f)
            .f32("general.sampling.xtc_probability", 0.5f)
            .f32("general.sampling.xtc_threshold", 0.2f)
            .raw("general.sampling.penalty_last_n", GgufValueType::Int32,
                 bytesOf(std::int32_t(256)))
            .f32("general.sampling.penalty_repeat", 1.1f)
            .raw("general.sampling.mirostat", GgufValueType::Int32, bytesOf(std::int32_t(2)))
            .f32("general.sampling.mirostat_tau", 4.0f)
            .f32("general.sampling.mirostat_eta", 0.2f);
        SamplingParams fallback;
        fallback.presencePenalty = 0.25f;
        const SamplingParams params = recommended(file, fallback);
        QCOMPARE(params.temperature, 0.6f);
        QCOMPARE(params.topK, 20u);
        QCOMPARE(params.topP, 0.9f);
        QCOMPARE(params.minP, 0.01f);
        QCOMPARE(params.xtcProbability, 0.5f);
        QCOMPARE(params.xtcThreshold, 0.2f);
        QCOMPARE(params.penaltyWindow, 256u);
        QCOMPARE(params.repeatPenalty, 1.1f);
        QCOMPARE(params.mirostatTau, 4.0f);
        QCOMPARE(params.mirostatEta, 0.2f);
        QCOMPARE(params.presencePenalty, 0.25f);
    }

    void recommendationsOutOfBoundsAreNone()
    {
        GgufWriter file;
        file.text("general.architecture", "llama")
            .f32("general.sampling.temp", -1.0f)
            .text("general.sampling.top_k", "20")
            .f32("general.sampling.top_p", 1.5f)
            .f32("general.sampling.min_p", std::numeric_limits<float>::quiet_NaN())
            .f32("general.sampling.penalty_repeat", 0.0f)
            .raw("general.sampling.penalty_last_n", GgufValueType::Int64,
                 bytesOf(std::int64_t(1) << 40));
        const SamplingParams params = recommended(file, {});
        const SamplingParams expected;
        QCOMPARE(params.temperature, expected.temperature);
        QCOMPARE(params.topK, expected.topK);
        QCOMPARE(params.topP, expected.topP);
        QCOMPARE(params.minP, expected.minP);
        QCOMPARE(params.repeatPenalty, expected.repeatPenalty);
        QCOMPARE(params.penaltyWindow, expected.penaltyWindow);
        // -1: off for top-k, all for the window.
        file.raw("general.sampling.top_k", GgufValueType::Int32, bytesOf(std::int32_t(-1)))
            .raw("general.sampling.penalty_last_n", GgufValueType::Int32, bytesOf(std::int32_t(-1)))
            .raw("general.sampling.mirostat", GgufValueType::Int32, bytesOf(std::int32_t(0)))
            .f32("general.sampling.mirostat_tau", 4.0f);
        const SamplingParams other = recommended(file, {});
        QCOMPARE(other.topK, 0u);
        QCOMPARE(other.penaltyWindow, 0x7fffffffu);
        QCOMPARE(other.mirostatTau, 0.0f);
    }
};

QTEST_APPLESS_MAIN(TestSamplingDefaults)
#include "tst_sampling_defaults.moc"
