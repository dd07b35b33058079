#include "core/engine/session.h"

#include "core/engine/session_errors.h"
#include "core/engine/stop_text.h"
#include "core/llm/answer_parser.h"
#include "core/llm/grammar/after_reasoning.h"
#include "core/llm/grammar/grammar_constraint.h"
#include "core/llm/sampling_defaults.h"

#include <algorithm>
#include <chrono>
#include <new>

namespace alcove::engine {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<std::vector<llm::AdapterUse>> openAdapters(const std::vector<AdapterFile> &files)
{
    std::vector<llm::AdapterUse> uses;
    for (const AdapterFile &file : files) {
        auto adapter = llm::Adapter::open(file.path);
        if (!adapter)
            return fail(adapter.error());
        uses.push_back({std::move(*adapter), file.scale});
    }
    return uses;
}

std::size_t commonPrefix(std::span<const llm::Token> a, std::span<const llm::Token> b)
{
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    return std::size_t(end - a.begin());
}

// Fewer tokens than this are not worth a shift of the KV cache.
constexpr std::size_t kLeastRun = 32;

} // namespace

// What an answer belongs to: asked again when its oldest turns have to go.
struct Session::Conversation {
    std::span<const ChatMessage> messages;
    TemplateFallback fallback;
};

// One generation: what was asked for, and how far it has come.
struct Session::Run {
    const GenerateOptions &options;
    const GenerateHooks &hooks;
    const Conversation *conversation; // null: a text of its own
    std::size_t promptTokens;
    std::vector<llm::Token> sequence; // the prompt, then every token drawn
    llm::StreamDecoder decoder;
    StopText stopText; // the template's own ender first, then the user's texts
    std::optional<llm::AnswerParser> parser; // with hooks.reasoning, where there are markers
    llm::SamplingParams sampling;
    std::unique_ptr<llm::ConstraintRun> form; // of the answer; null: any
    bool placed = false; // the cache holds a beginning of the sequence
    GenerationReport report{};
    Clock::time_point start = Clock::now();
    Clock::time_point firstToken{};

    void emitText(std::string_view text)
    {
        if (parser)
            emitPieces(parser->append(text));
        else if (!text.empty() && hooks.text)
            hooks.text(text);
    }

    void emitPieces(const llm::AnswerParser::Pieces &pieces) const
    {
        if (!pieces.reasoning.empty())
            hooks.reasoning(pieces.reasoning);
        if (!pieces.answer.empty() && hooks.text)
            hooks.text(pieces.answer);
    }
};

Result<std::unique_ptr<Session>>
Session::open(const Hardware &hardware, const SessionOptions &options, const llm::LoadHooks &hooks)
try {
    const Clock::time_point start = Clock::now();
    auto selection = chooseDevice(hardware.list, options.device);
    if (!selection)
        return fail(selection.error());
    auto model = llm::Model::open(options.modelPath);
    if (!model)
        return fail(model.error());

    std::unique_ptr<Session> session(new Session);
    session->m_hardware = hardware;
    session->m_options = options;
    session->m_model = std::move(*model);
    const llm::GgufFile &file = session->m_model->file();
    auto tokenizer = llm::Tokenizer::create(file);
    if (tokenizer) {
        session->m_tokenizer = std::move(*tokenizer);
        session->m_prompts.emplace(file, session->m_tokenizer);
        session->m_info.chatTemplateError = session->m_prompts->templateError();
        for (const std::string &warning : session->m_tokenizer->warnings())
            session->m_info.warning += (session->m_info.warning.empty() ? "" : " ") + warning;
    } else if (options.vocabulary == Vocabulary::Required) {
        return fail(tokenizer.error());
    } else {
        session->m_tokenizerError = tokenizer.error().message;
    }

    auto adapters = openAdapters(options.adapters);
    if (!adapters)
        return fail(adapters.error());
    session->m_adapters = std::move(*adapters);
    // Known now, and not after a long load: whether they fit.
    if (auto fits = llm::AdapterSet::bind(*session->m_model, session->m_adapters); !fits)
        return fail(fits.error());

    if (hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Loading was stopped.");
    if (auto placed = session->placeOnDevice(*selection, hooks); !placed)
        return fail(placed.error());

    SessionInfo &info = session->m_info;
    const llm::ExecutorInfo executor = session->m_executor->info();
    info.path = options.modelPath;
    info.name = session->m_model->spec().name;
    info.architecture = session->m_model->spec().architecture;
    info.deviceName = executor.device;
    info.contextLength = session->m_executor->capacity();
    info.memoryBytes = executor.weightBytes + executor.kvBytes + executor.scratchBytes;
    info.loadSeconds = secondsSince(start);
    return session;
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<std::unique_ptr<llm::Executor>> Session::createExecutor(const DeviceOption &device,
                                                               const llm::LoadHooks &hooks) const
try {
    auto executor = m_hardware.createExecutor(device, m_model, m_options.executor, hooks);
    if (executor && !m_adapters.empty()) {
        if (auto used = (*executor)->setAdapters(m_adapters); !used)
            return fail(used.error());
    }
    return executor;
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<> Session::placeOnDevice(const DeviceSelection &selection, const llm::LoadHooks &hooks)
{
    auto executor = createExecutor(selection.device, hooks);
    if (executor) {
        m_executor = std::move(*executor);
        m_info.device = selection.device;
        m_info.deviceReason = selection.reason;
        return {};
    }
    const Error refused = executor.error();
    if (refused.cancelled() || m_options.device.kind != DeviceRequest::Kind::Auto
        || selection.device.kind == DeviceKind::Processor)
        return fail(refused);

    DeviceRequest processor;
    processor.kind = DeviceRequest::Kind::Processor;
    auto second = chooseDevice(m_hardware.list, processor);
    if (!second)
        return fail(refused);
    executor = createExecutor(second->device, hooks);
    if (!executor)
        return fail(executor.error());
    m_executor = std::move(*executor);
    m_info.device = second->device;
    m_info.deviceReason =
        "The processor is used, because " + selection.device.name + " could not take the model.";
    m_info.warning = "The model runs on the processor, which is slower, because "
        + selection.device.name + " could not take it: " + refused.message
        + (m_info.warning.empty() ? "" : " " + m_info.warning);
    return {};
}

llm::ExecutorInfo Session::executorInfo() const
{
    return m_executor ? m_executor->info() : llm::ExecutorInfo{};
}

std::uint32_t Session::capacity() const
{
    return m_info.contextLength;
}

Result<> Session::requireExecutor()
{
    if (m_executor)
        return {};
    auto rebuilt = createExecutor(m_info.device, {});
    if (!rebuilt)
        return fail(rebuilt.error());
    m_executor = std::move(*rebuilt);
    m_cached.clear();
    return {};
}

Result<> Session::setAdapters(const std::vector<AdapterFile> &files)
try {
    auto uses = openAdapters(files);
    if (!uses)
        return fail(uses.error());
    if (auto ready = requireExecutor(); !ready)
        return ready;
    auto used = m_executor->setAdapters(*uses);
    m_cached.resize(std::min<std::size_t>(m_cached.size(), m_executor->length()));
    if (!used)
        return used;
    m_adapters = std::move(*uses);
    m_options.adapters = files;
    return {};
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<GenerationReport> Session::answer(std::span<const ChatMessage> messages,
                                         TemplateFallback fallback, const GenerateOptions &options,
                                         const GenerateHooks &hooks)
try {
    if (!m_prompts)
        return fail(ErrorCode::Unsupported, m_tokenizerError);
    auto prompt = m_prompts->build({messages, fallback, capacity(), options.maxTokens});
    if (!prompt)
        return fail(prompt.error());
    const Conversation conversation{messages, fallback};
    return generate(*prompt, &conversation, llm::StreamDecoder::Start::OfText, options, hooks);
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<GenerationReport> Session::continueText(std::string_view text,
                                               const GenerateOptions &options,
                                               const GenerateHooks &hooks)
try {
    if (!m_tokenizer)
        return fail(ErrorCode::Unsupported, m_tokenizerError);
    BuiltPrompt prompt;
    prompt.tokens = m_tokenizer->encode(text, llm::AddSpecial::AsModel, llm::ParseSpecial::Yes);
    if (prompt.tokens.empty())
        return fail(ErrorCode::InvalidArgument, "There is no text to continue.");
    return generate(prompt, nullptr, llm::StreamDecoder::Start::Continuation, options, hooks);
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<GenerationReport> Session::generate(const BuiltPrompt &built,
                                           const Conversation *conversation,
                                           llm::StreamDecoder::Start textStart,
                                           const GenerateOptions &options,
                                           const GenerateHooks &hooks)
{
    const std::vector<llm::Token> &prompt = built.tokens;
    if (auto ready = requireExecutor(); !ready)
        return fail(ready.error());
    if (prompt.size() > capacity())
        return fail(ErrorCode::ContextFull,
                    "The text has " + std::to_string(prompt.size())
                        + " tokens, but the context holds " + std::to_string(capacity())
                        + ". Shorten it, or choose a longer context in the settings.");

    std::vector<std::string> enders{built.stopText};
    enders.insert(enders.end(), options.stopTexts.begin(), options.stopTexts.end());
    Run run{options,
            hooks,
            conversation,
            prompt.size(),
            prompt,
            llm::StreamDecoder(m_tokenizer, textStart),
            StopText(std::move(enders)),
            {},
            options.sampling,
            nullptr};
    if (hooks.reasoning && !built.format.isPlain())
        run.parser.emplace(built.format, built.answerStart);
    if (auto constraint = constraintOf(options)) {
        if (run.parser
            && (!built.format.reasoning.empty()
                || built.format.headers != llm::AnswerFormat::Headers::None))
            constraint = std::make_shared<llm::AfterReasoning>(std::move(constraint), built.format,
                                                               built.answerStart, m_tokenizer);
        run.form = constraint->begin();
        run.sampling.constraint = std::move(constraint);
    }
    run.report.promptTokens = std::uint32_t(prompt.size());
    run.report.droppedMessages = built.droppedMessages;

    Result<> outcome;
    for (;;) {
        outcome = prefill(run);
        if (outcome)
            outcome = decode(run);
        if (m_executor && run.placed)
            noteCached(run.sequence);
        if (outcome || outcome.error().code != ErrorCode::DeviceLost
            || run.report.deviceRestarts > 0)
            break;
        if (auto rebuilt = rebuildDevice(run); !rebuilt) {
            outcome = rebuilt;
            break;
        }
    }
    if (!outcome && outcome.error().code == ErrorCode::DeviceLost) {
        m_executor.reset(); // lost twice: the next request starts it afresh
        m_cached.clear();
    }
    run.emitText(run.stopText.append(run.decoder.finish()));
    run.emitText(run.stopText.finish());
    if (run.parser) {
        run.emitPieces(run.parser->finish());
        run.report.toolCalls = run.parser->toolCalls();
    }
    if (!outcome) {
        if (!outcome.error().cancelled())
            return fail(outcome.error());
        run.report.reason = StopReason::Stopped;
    }
    run.report.answerTokens = std::uint32_t(run.sequence.size() - run.promptTokens);
    run.report.contextUsed = std::uint32_t(m_cached.size());
    return run.report;
}

// Brings the executor's KV cache to hold run.sequence, computing only what it does not hold yet.
// The last token is always computed, because its logits are what sampling starts from, and always
// by itself: kernels for one token and for many round differently, and the same seed has to give
// the same text whether the rest of the prompt was found in the cache or not.
Result<> Session::prefill(Run &run)
{
    const std::span<const llm::Token> sequence = run.sequence;
    run.placed = false;
    // Only where turns have left since the cache was filled. What a user has taken out of a message
    // must leave no trace in what is read after it.
    if (run.options.shift == ContextShift::Allow && run.report.droppedMessages > m_cachedWithout) {
        if (auto closed = closeGap(sequence); !closed)
            return fail(closed.error());
    }
    // Recurrent layers and sliding windows can be taken back to some positions only.
    const std::size_t kept = m_executor->restorable(
        std::uint32_t(std::min(commonPrefix(m_cached, sequence), sequence.size() - 1)));
    if (auto done = m_executor->truncate(std::uint32_t(kept)); !done)
        return fail(done.error());
    m_cached.resize(kept);
    m_cachedWithout = run.report.droppedMessages;
    run.placed = true;

    const Clock::time_point start = Clock::now();
    llm::ForwardHooks hooks;
    hooks.cancel = run.hooks.cancel;
    if (run.hooks.promptProgress) {
        run.hooks.promptProgress(kept, sequence.size());
        hooks.progress = [&run, kept, total = sequence.size()](std::size_t done, std::size_t) {
            run.hooks.promptProgress(kept + done, total);
        };
    }
    if (run.hooks.cancel.cancelled())
        return fail(ErrorCode::Cancelled, "The answer was stopped.");
    const std::span<const llm::Token> body = sequence.subspan(kept, sequence.size() - kept - 1);
    Result<std::vector<float>> logits;
    if (!body.empty())
        logits = m_executor->forward(body, llm::LogitRows::None, hooks);
    hooks.progress = nullptr;
    if (logits)
        logits = m_executor->forward(sequence.last(1), llm::LogitRows::Last, hooks);
    if (run.report.deviceRestarts == 0 && sequence.size() == run.promptTokens) {
        run.report.reusedTokens = std::uint32_t(kept);
        run.report.prefillTokens = std::uint32_t(sequence.size() - kept);
        run.report.prefillSeconds = secondsSince(start);
    }
    if (!logits)
        return fail(logits.error());
    if (run.hooks.promptProgress)
        run.hooks.promptProgress(sequence.size(), sequence.size());
    llm::SamplingParams sampling = run.sampling;
    sampling.firstDraw = sequence.size() - run.promptTokens;
    return m_executor->startSampling(sampling, sequence);
}

Result<> Session::decode(Run &run)
{
    const std::size_t limit = run.options.maxTokens;
    const auto drawn = [&run] { return run.sequence.size() - run.promptTokens; };
    while (limit == 0 || drawn() < limit) {
        if (run.hooks.cancel.cancelled()) {
            run.report.reason = StopReason::Stopped;
            return {};
        }
        auto token = m_executor->sampleNext();
        if (!token) {
            if (token.error().code != ErrorCode::ContextFull)
                return fail(token.error());
            const auto room = makeRoom(run);
            if (!room)
                return fail(room.error());
            if (*room)
                continue;
            run.report.reason = StopReason::ContextFull;
            return {};
        }
        if (drawn() == 0) {
            run.firstToken = Clock::now();
            run.report.firstTokenSeconds = secondsSince(run.start);
        }
        run.sequence.push_back(*token);
        run.report.decodeSeconds = secondsSince(run.firstToken);
        if (run.hooks.token)
            run.hooks.token(*token);
        if (run.options.endOfTurn == EndOfTurn::Obey && m_tokenizer->endsGeneration(*token)) {
            run.report.reason = StopReason::EndOfTurn;
            return {};
        }
        emitToken(run, *token);
        if (run.form) {
            run.form->accept(*token);
            if (run.form->gaveUp())
                return fail(ErrorCode::Unsupported,
                            "The form that the answer is held to became too large to follow; what "
                            "was written is kept. Make the grammar or the schema simpler.");
        }
        if (const auto ender = run.stopText.found()) {
            run.report.reason = *ender == 0 ? StopReason::EndOfTurn : StopReason::StopText;
            return {};
        }
        if (run.form && run.form->ended()) {
            run.report.reason = StopReason::EndOfTurn;
            return {};
        }
    }
    run.report.reason = StopReason::MaxTokens;
    return {};
}

// Context shift. Where the cache goes on, further behind, with what `sequence` has after their
// common beginning, what lies between is taken out. False where it does not, or cannot be shifted.
Result<bool> Session::closeGap(std::span<const llm::Token> sequence)
{
    const std::size_t common = commonPrefix(m_cached, sequence);
    if (common == m_cached.size() || sequence.size() - common < kLeastRun)
        return false;
    const auto next = sequence.subspan(common, kLeastRun);
    const auto begin = m_cached.begin() + std::ptrdiff_t(common);
    const auto found = std::search(begin, m_cached.end(), next.begin(), next.end());
    if (found == m_cached.end())
        return false;
    const auto done = m_executor->discard(std::uint32_t(common), std::uint32_t(found - begin));
    if (done) {
        m_cached.erase(begin, found);
        return true;
    }
    // A shift that broke off may have left less.
    m_cached.resize(std::min<std::size_t>(m_cached.size(), m_executor->length()));
    if (done.error().code == ErrorCode::Unsupported || done.error().code == ErrorCode::OutOfMemory)
        return false;
    return fail(done.error());
}

// The answer has reached the end of the context: the oldest turns go, and it goes on. False where
// that is not wanted, nothing is left that could go, or the rest would have to be read again.
Result<bool> Session::makeRoom(Run &run)
{
    if (!run.conversation || run.options.shift != ContextShift::Allow)
        return false;
    noteCached(run.sequence);
    const std::span<const llm::Token> answer = std::span(run.sequence).subspan(run.promptTokens);
    PromptRequest request{run.conversation->messages, run.conversation->fallback, capacity(), 0,
                          std::uint32_t(answer.size())};
    if (run.options.maxTokens > 0)
        request.maxTokens = run.options.maxTokens - std::uint32_t(answer.size());
    auto built = m_prompts->build(request);
    if (!built && built.error().code == ErrorCode::ContextFull)
        return false;
    if (!built)
        return fail(built.error());
    if (built->droppedMessages <= run.report.droppedMessages)
        return false;
    std::vector<llm::Token> sequence = std::move(built->tokens);
    const std::size_t promptTokens = sequence.size();
    sequence.insert(sequence.end(), answer.begin(), answer.end());
    run.placed = false;
    const auto closed = closeGap(sequence);
    if (!closed)
        return fail(closed.error());
    run.placed = !*closed;
    if (!*closed)
        return false;
    m_cachedWithout = built->droppedMessages;
    run.report.droppedMessages = built->droppedMessages;
    run.report.promptTokens = std::uint32_t(promptTokens);
    run.promptTokens = promptTokens;
    run.sequence = std::move(sequence);
    if (auto done = prefill(run); !done)
        return fail(done.error());
    return true;
}

void Session::emitToken(Run &run, llm::Token token) const
{
    const std::string text = run.parser
        ? llm::parserText(run.decoder, *m_tokenizer, run.parser->format(), token)
        : run.decoder.append(token);
    run.emitText(run.stopText.append(text));
}

std::shared_ptr<const llm::TokenConstraint> Session::constraintOf(const GenerateOptions &options)
{
    if (!options.grammar)
        return options.sampling.constraint;
    if (!m_tokenTrie)
        m_tokenTrie = std::make_shared<llm::TokenTrie>(*m_tokenizer);
    return std::make_shared<llm::GrammarConstraint>(options.grammar, m_tokenTrie);
}

llm::SamplingParams Session::recommendedSampling(const llm::SamplingParams &fallback) const
{
    return llm::recommendedSampling(m_model->file(), fallback);
}

Result<> Session::rebuildDevice(Run &run)
{
    ++run.report.deviceRestarts;
    m_executor.reset(); // frees the lost device before a new one is made
    m_cached.clear();
    llm::LoadHooks hooks;
    hooks.cancel = run.hooks.cancel;
    auto rebuilt = createExecutor(m_info.device, hooks);
    if (!rebuilt)
        return fail(rebuilt.error());
    m_executor = std::move(*rebuilt);
    return {};
}

void Session::noteCached(std::span<const llm::Token> sequence)
{
    const std::size_t held = std::min<std::size_t>(m_executor->length(), sequence.size());
    m_cached.assign(sequence.begin(), sequence.begin() + std::ptrdiff_t(held));
}

} // namespace alcove::engine
