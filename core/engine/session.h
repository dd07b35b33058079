// Session: one loaded model on one device, and the conversation that its KV cache holds.
//
// Owns the model file, the tokenizer and the executor. One thread at a time; the cancel tokens may
// be used from any. open() fails with a sentence and leaves nothing behind; a failed generation
// leaves the session usable, and a lost device is rebuilt and the conversation replayed once. No
// exception leaves this class: memory that the system refuses is OutOfMemory.
#pragma once

#include "core/base/cancellation.h"
#include "core/base/result.h"
#include "core/engine/generation.h"
#include "core/engine/hardware.h"
#include "core/engine/prompt_builder.h"
#include "core/llm/adapter.h"
#include "core/llm/executor.h"
#include "core/llm/grammar/grammar.h"
#include "core/llm/grammar/token_trie.h"
#include "core/llm/tokenizer.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::engine {

// Optional: the model is run on token ids alone (logits, benchmarks).
enum class Vocabulary { Required, Optional };

// A LoRA adapter to use with a model.
struct AdapterFile {
    std::string path; // UTF-8
    float scale = 1.0f; // on top of the adapter's own
};

struct SessionOptions {
    std::string modelPath; // UTF-8
    DeviceRequest device;
    llm::ExecutorOptions executor;
    std::vector<AdapterFile> adapters;
    Vocabulary vocabulary = Vocabulary::Required;
};

struct SessionInfo {
    std::string path;
    std::string name; // "Alcove Starter"
    std::string architecture;
    DeviceOption device;
    std::string deviceName; // as the executor calls it
    std::string deviceReason; // why this device, in words
    std::string warning; // empty, or what the user should know (a fallback happened)
    std::uint32_t contextLength = 0;
    std::uint64_t memoryBytes = 0; // weights, KV cache and scratch together
    double loadSeconds = 0;
    std::string chatTemplateError; // not empty: why the model's own template cannot be used
};

struct GenerateOptions {
    llm::SamplingParams sampling;
    // What the answer has to be from its first token on; it ends where nothing can follow. Null:
    // anything. What the model thinks before is free, where it is set apart (see `reasoning`).
    std::shared_ptr<const llm::Grammar> grammar;
    std::uint32_t maxTokens = 0; // 0: as many as the context holds
    EndOfTurn endOfTurn = EndOfTurn::Obey;
    ContextShift shift = ContextShift::Never;
    // Each ends the answer where it first stands in what the model writes, and is not shown.
    std::vector<std::string> stopTexts;
};

struct GenerateHooks {
    // Of the prompt's tokens, those in the KV cache. May be empty.
    std::function<void(std::size_t done, std::size_t total)> promptProgress;
    std::function<void(std::string_view text)> text; // whole UTF-8 characters. May be empty
    // What the model thinks before it answers. With it, answer() takes the model's output apart:
    // this gets the reasoning, `text` the answer alone, and the report the tool calls. Without it
    // `text` gets everything as the model wrote it. Models without reasoning or tools write the
    // same text either way.
    std::function<void(std::string_view text)> reasoning;
    std::function<void(llm::Token token)> token; // each one drawn. May be empty
    CancelToken cancel; // acts within one token or 100 ms of prefill; the report says Stopped
};

class Session
{
public:
    // Under "auto" a graphics card that refuses the model is given up for the processor, with a
    // warning; a device that was chosen explicitly is never replaced.
    // Cancelled when `hooks.cancel` asked for it.
    static Result<std::unique_ptr<Session>>
    open(const Hardware &hardware, const SessionOptions &options, const llm::LoadHooks &hooks = {});

    const SessionInfo &info() const { return m_info; }
    const llm::Model &model() const { return *m_model; }
    const llm::Tokenizer *tokenizer() const { return m_tokenizer.get(); } // null: ids only
    llm::ExecutorInfo executorInfo() const;
    std::uint32_t capacity() const;
    std::span<const llm::Token> cachedTokens() const { return m_cached; } // in the KV cache

    // Uses these LoRA adapters from now on, instead of those before; empties the KV cache. Fails as
    // Adapter::open and Executor::setAdapters do; the old ones stay in use then.
    Result<> setAdapters(const std::vector<AdapterFile> &files);

    // Answers a conversation. Fails as PromptBuilder::build does, with the executor's errors, and
    // with Unsupported when the model has no vocabulary.
    Result<GenerationReport> answer(std::span<const ChatMessage> messages,
                                    TemplateFallback fallback, const GenerateOptions &options,
                                    const GenerateHooks &hooks);

    // Continues a text as it stands, without a chat template; special tokens in it are recognised.
    Result<GenerationReport> continueText(std::string_view text, const GenerateOptions &options,
                                          const GenerateHooks &hooks);

    // The embedding of a text, as Executor::embed pools it (not normalised). Empties the KV cache.
    // InvalidArgument for a text without tokens, ContextFull for one that is too long, Unsupported
    // for a model or an executor that has none.
    struct Embedding {
        std::vector<float> values; // [width]
        std::uint32_t tokens = 0;
    };
    Result<Embedding> embed(std::string_view text);
    // Of several texts, as many at a time as the device takes; as many results. A text that cannot
    // be embedded fails by itself, and the others do not.
    std::vector<Result<Embedding>> embedAll(std::span<const std::string> texts,
                                            const CancelToken &cancel = {});

    // Evaluates `tokens` from an empty KV cache in pieces of the given sizes (their sum is
    // tokens.size()); `sink` gets the logits of each piece, [piece][vocabulary]; of an
    // encoder once the mean of all vectors, [width].
    Result<> logits(std::span<const llm::Token> tokens, std::span<const std::uint32_t> pieces,
                    const std::function<Result<>(std::span<const float>)> &sink);

    // The sampling that the model's makers recommend, where the file says it.
    llm::SamplingParams recommendedSampling(const llm::SamplingParams &fallback = {}) const;

    // The executor itself with its KV cache emptied, for measuring it. Valid until the next call.
    Result<llm::Executor *> bareExecutor();

private:
    struct Run;
    struct Conversation;

    Session() = default;

    Result<std::unique_ptr<llm::Executor>> createExecutor(const DeviceOption &device,
                                                          const llm::LoadHooks &hooks) const;
    Result<> placeOnDevice(const DeviceSelection &selection, const llm::LoadHooks &hooks);
    Result<GenerationReport> generate(const BuiltPrompt &prompt, const Conversation *conversation,
                                      llm::StreamDecoder::Start textStart,
                                      const GenerateOptions &options, const GenerateHooks &hooks);
    Result<std::vector<llm::Token>> tokensToEmbed(std::string_view text) const;
    Result<> prefill(Run &run);
    Result<> decode(Run &run);
    Result<bool> makeRoom(Run &run);
    Result<bool> closeGap(std::span<const llm::Token> sequence);
    Result<> rebuildDevice(Run &run);
    void emitToken(Run &run, llm::Token token) const;
    Result<> requireExecutor();
    std::shared_ptr<const llm::TokenConstraint> constraintOf(const GenerateOptions &options);
    void noteCached(std::span<const llm::Token> sequence);

    Hardware m_hardware;
    SessionOptions m_options;
    SessionInfo m_info;
    std::shared_ptr<const llm::Model> m_model;
    std::shared_ptr<const llm::Tokenizer> m_tokenizer; // null when the model has none
    std::string m_tokenizerError;
    std::shared_ptr<const llm::TokenTrie> m_tokenTrie; // null until a grammar needs it
    std::optional<PromptBuilder> m_prompts; // with a tokenizer
    std::vector<llm::AdapterUse> m_adapters; // in use, also by an executor made anew
    std::unique_ptr<llm::Executor> m_executor; // null after a device that could not be rebuilt
    std::vector<llm::Token> m_cached; // what the executor's KV cache holds
    std::uint32_t m_cachedWithout =
        0; // oldest messages left out of the prompt that it was filled by
};

} // namespace alcove::engine
