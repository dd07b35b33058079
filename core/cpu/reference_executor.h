// The plain float32 executor: a ModelSpec computed as it reads, one row of weights at a time.
//
// The known answer that kernels and fast paths are tested against, not a way to chat. KvFormats
// round K and V as the other executors do. Decoders are computed token by token, encoders all
// tokens at once.
//
// The state of recurrent layers is kept at the end of every forward and every 64 positions, 16
// times at most (of the two that are nearest to each other one goes); truncate() can go back to
// these only. One thread; errors as in Executor.
#pragma once

#include "core/llm/executor.h"

namespace alcove::cpu {

// OutOfMemory when the KV cache does not fit; InvalidArgument for a KV format that does not go with
// the model's heads.
Result<std::unique_ptr<llm::Executor>>
createReferenceExecutor(std::shared_ptr<const llm::Model> model,
                        const llm::ExecutorOptions &options, const llm::LoadHooks &hooks = {});

} // namespace alcove::cpu
