// The sampling that a model's makers recommend, from its file's general.sampling.* metadata
// (names: the GGUF specification as kept by ggml's gguf-py: temp, top_k, top_p, min_p,
// xtc_probability, xtc_threshold, penalty_last_n, penalty_repeat, mirostat, mirostat_tau,
// mirostat_eta). Pure; any thread; a value of the wrong kind or out of its range is not there.
#pragma once

#include "core/llm/gguf.h"
#include "core/llm/sampling.h"

namespace alcove::llm {

// `fallback` with the file's values in place of its own. The order of the samplers
// (general.sampling.sequence) is ours in any case.
SamplingParams recommendedSampling(const GgufFile &file, const SamplingParams &fallback = {});

} // namespace alcove::llm
