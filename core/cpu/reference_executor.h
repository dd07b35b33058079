// The plain float32 executor: a ModelSpec computed as it reads, one row of weights at a time.
//
// The known answer that kernels and fast paths are tested against, not a way to chat. KvFormat::F16
// rounds K and V to half precision as the other executors do. One thread; errors as in Executor.
#pragma once

#include "core/llm/executor.h"

namespace alcove::cpu {

// OutOfMemory when the KV cache does not fit; Unsupported for a specification with parts unknown
// here.
Result<std::unique_ptr<llm::Executor>>
createReferenceExecutor(std::shared_ptr<const llm::Model> model,
                        const llm::ExecutorOptions &options, const llm::LoadHooks &hooks = {});

} // namespace alcove::cpu
