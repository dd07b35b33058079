// The options that say how tokens are drawn and what form an answer has, the same for every command
// that writes one. Main thread. Usage failures for values that cannot be read.
#pragma once

#include "app/cli/arguments.h"
#include "core/engine/session.h"

#include <vector>

namespace alcove::cli {

// --temperature and the others, read once to check them and again when the loaded model has told
// what it recommends. --seed absent: one that differs from run to run.
class SamplingOptions
{
public:
    static Parsed<SamplingOptions> read(const Arguments &arguments,
                                        std::uint32_t maxTokensWhenAbsent);

    // For this model: what was given, else what the model's makers recommend, else our own
    // defaults.
    engine::GenerateOptions forModel(const engine::Session &session) const;

private:
    SamplingOptions() = default;

    // The options given, over `fallback`.
    Parsed<llm::SamplingParams> over(const llm::SamplingParams &fallback) const;

    Arguments m_arguments;
    engine::GenerateOptions m_options; // with everything that no model changes
    std::vector<std::string> m_breakers; // of DRY
};

// What SamplingOptions reads, for a command's description.
std::vector<OptionSpec> samplingOptionSpecs();

} // namespace alcove::cli
