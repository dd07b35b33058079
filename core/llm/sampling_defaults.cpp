#include "core/llm/sampling_defaults.h"

#include <string>

namespace alcove::llm {

SamplingParams recommendedSampling(const GgufFile &file, const SamplingParams &fallback)
{
    SamplingParams params = fallback;
    const auto key = [](const char *name) { return std::string("general.sampling.") + name; };
    const auto real = [&](const char *name, float &value, double least, double most) {
        const auto number = file.number(key(name));
        if (number && *number >= least && *number <= most)
            value = float(*number);
    };
    const auto whole = [&](const char *name, std::uint32_t &value, std::uint32_t most) {
        const auto number = file.integer(key(name));
        if (number && *number <= std::int64_t(most))
            value = *number < 0 ? most : std::uint32_t(*number);
    };
    real("temp", params.temperature, 0, 100);
    real("top_p", params.topP, 0, 1);
    real("min_p", params.minP, 0, 1);
    real("xtc_probability", params.xtcProbability, 0, 1);
    real("xtc_threshold", params.xtcThreshold, 0, 1);
    real("penalty_repeat", params.repeatPenalty, 0.01, 100);
    constexpr std::uint32_t kMost = 0x7fffffff;
    whole("penalty_last_n", params.penaltyWindow, kMost); // -1: the whole context
    if (const auto topK = file.integer(key("top_k")); topK && *topK <= std::int64_t(kMost))
        params.topK = *topK < 0 ? 0 : std::uint32_t(*topK); // below 0: off
    if (const auto kind = file.integer(key("mirostat"))) {
        // Version 1 needs an estimate that version 2 does without; both aim at the same surprise.
        const bool on = *kind == 1 || *kind == 2;
        params.mirostatTau = on ? 5.0f : 0.0f;
        if (on) {
            real("mirostat_tau", params.mirostatTau, 0.01, 100);
            real("mirostat_eta", params.mirostatEta, 0, 10);
        }
    }
    return params;
}

} // namespace alcove::llm
