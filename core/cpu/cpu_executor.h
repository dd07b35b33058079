// The fast executor on the processor: threads and vector instructions. Runs any specification.
//
// Weights are read from the mapped file, once for every batch of up to 64 tokens; activations are
// multiplied in 8 bits with quantised weights and in float32 with the others; K and V are float16
// unless asked otherwise. Where truncate() can go: recurrent layers return to checkpoints (see
// core/cpu/recurrent_state.h), sliding windows as far as their rings reach (core/cpu/kv_cache.h);
// restorable() tells. Owns its threads, the KV cache and its working memory. One thread at a
// time calls it; nothing is allocated while tokens are drawn.
#pragma once

#include "core/cpu/kernels.h"
#include "core/llm/executor.h"

#include <memory>

namespace alcove::cpu {

// InvalidArgument for no model, or keys in 4 bits. OutOfMemory when the context does not fit in the
// memory that is free, with the sizes. Cancelled. Reads the weights once, so that the first token
// need not wait for the disk; `hooks` hears of that.
Result<std::unique_ptr<llm::Executor>> createCpuExecutor(std::shared_ptr<const llm::Model> model,
                                                         const llm::ExecutorOptions &options,
                                                         const llm::LoadHooks &hooks = {});

// The same with kernels of one's choice.
Result<std::unique_ptr<llm::Executor>>
createCpuExecutorWith(const KernelTable &kernels, std::shared_ptr<const llm::Model> model,
                      const llm::ExecutorOptions &options, const llm::LoadHooks &hooks = {});

} // namespace alcove::cpu
