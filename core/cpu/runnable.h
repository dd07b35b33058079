// What the fast executor of the processor does not run. Stateless; any thread.
#pragma once

#include "core/llm/model_spec.h"

namespace alcove::cpu {

// Unsupported, naming the first thing that a model needs and the fast path lacks.
Result<> checkRunnable(const llm::ModelSpec &spec);

} // namespace alcove::cpu
