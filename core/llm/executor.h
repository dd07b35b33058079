// Executor: runs a model specification on one device and owns its KV cache.
//
// One thread at a time. A failed call leaves the executor usable unless it says DeviceLost;
// length() always tells what the KV cache holds. Cancelling a forward keeps the slices already
// computed.
#pragma once

#include "core/base/cancellation.h"
#include "core/base/result.h"
#include "core/llm/model_spec.h"
#include "core/llm/sampling.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace alcove::llm {

class Adapter;

enum class LogitRows { None, Last, All };

enum class KvFormat {
    F32,
    F16,
    Q8_0, // blocks of 32 along the head, as in GGUF's type of that name
    Q4_0, // values only
};

struct ExecutorOptions {
    std::uint32_t contextLength = 0; // positions in the KV cache; 0: min(4096, trained)
    KvFormat kvFormat = KvFormat::F16;
    std::optional<KvFormat> valueFormat; // of V, when it is not that of K
    std::uint32_t threads = 0; // CPU executor; 0: one per core
};

// Positions of the KV cache for these options: what was asked, or min(4096, trained); where each
// position has learned values of its own, no more than there are. At least one.
std::uint32_t contextLength(const ModelSpec &spec, const ExecutorOptions &options);

// A LoRA adapter in use: y += scale * B (A x) for every matrix that it has a pair for.
struct AdapterUse {
    std::shared_ptr<const Adapter> adapter;
    float scale = 1.0f; // on top of the adapter's own alpha / rank
};

struct ExecutorInfo {
    std::string device; // "AMD Radeon RX 7600", "Processor"
    std::uint64_t weightBytes = 0; // held on the device
    std::uint64_t kvBytes = 0;
    std::uint64_t scratchBytes = 0;
    std::uint32_t stagesPerToken = 0; // runs between barriers of one decode step; 0 on the CPU
    std::uint32_t submitsPerToken = 0;
};

struct LoadHooks {
    std::function<void(std::uint64_t doneBytes, std::uint64_t totalBytes)> progress; // may be empty
    CancelToken cancel;
};

struct ForwardHooks {
    std::function<void(std::size_t doneTokens, std::size_t totalTokens)> progress; // may be empty
    CancelToken cancel; // looked at at least every 100 ms of work
};

class Executor
{
public:
    virtual ~Executor() = default;

    virtual const ModelSpec &spec() const = 0;
    virtual ExecutorInfo info() const = 0;
    virtual std::uint32_t capacity() const = 0; // positions
    virtual std::uint32_t length() const = 0; // positions evaluated that the caller has seen

    // Forgets every position from `length` on (length <= length()). Ends a sampling run.
    // InvalidArgument for a length that restorable() does not give.
    virtual Result<> truncate(std::uint32_t length) = 0;

    // The largest length, no more than `wanted` and length(), that truncate() can go to. Recurrent
    // layers go back to checkpoints only; sliding windows as far as they still hold what they need.
    virtual std::uint32_t restorable(std::uint32_t wanted) const
    {
        return wanted < length() ? wanted : length();
    }

    // Context shift: forgets the positions [first, first + count) and moves what is behind them
    // forward, its keys rotated anew. Ends a sampling run; the last logits are gone. Unsupported
    // where layers cannot do it (recurrent ones, learned positions): then evaluate again.
    virtual Result<> discard(std::uint32_t first, std::uint32_t count);

    // The hidden values behind the output norm, pooled over `tokens` (not normalised): [width].
    // An encoder evaluates nothing but this; of a decoder it uses the KV cache, which must be empty
    // before and is empty after. Pooling::None takes what the file asks for, or the mean.
    virtual Result<std::vector<float>> embed(std::span<const Token> tokens, Pooling pooling,
                                             const ForwardHooks &hooks = {});

    // The same of several texts, in their order, as many at a time as the device and the capacity
    // allow. Fails as a whole.
    virtual Result<std::vector<std::vector<float>>>
    embedAll(std::span<const std::vector<Token>> texts, Pooling pooling,
             const ForwardHooks &hooks = {});

    // Replaces the LoRA adapters in use; empties the KV cache. InvalidArgument for an adapter that
    // does not fit the model: named, and the old ones stay.
    virtual Result<> setAdapters(std::span<const AdapterUse> adapters);

    // Appends tokens to the KV cache and returns the asked logits: nothing, [vocabulary] after the
    // last token, or [tokens.size()][vocabulary]. Ends a sampling run.
    // ContextFull when length() + tokens.size() > capacity(); InvalidArgument for no tokens or an
    // id outside the vocabulary.
    virtual Result<std::vector<float>> forward(std::span<const Token> tokens, LogitRows rows,
                                               const ForwardHooks &hooks = {}) = 0;

    // Starts a sampling run on the logits that the last forward left behind.
    // `history`: the tokens that the penalties look back on (the prompt).
    virtual Result<> startSampling(const SamplingParams &params,
                                   std::span<const Token> history) = 0;

    // Draws the next token of the run. The token drawn before is evaluated first (length() grows by
    // one); the newest drawn token is not in the KV cache yet. An executor may compute ahead; what
    // the caller has not been given never counts. ContextFull when the cache has no room left.
    virtual Result<Token> sampleNext() = 0;
};

// How many of the texts from `first` on have no more than `tokens` tokens together; at least one.
std::size_t textsTogether(std::span<const std::vector<Token>> texts, std::size_t first,
                          std::size_t tokens);

} // namespace alcove::llm
