#include "core/engine/inference_worker.h"

#include "core/llm/kv_format.h"

#include <QElapsedTimer>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace alcove::engine {

namespace {

constexpr qint64 kFrameMilliseconds = 16;

// Lets a signal through at most once per displayed frame.
class FrameGate
{
public:
    bool open()
    {
        if (m_timer.isValid() && m_timer.elapsed() < kFrameMilliseconds)
            return false;
        m_timer.start();
        return true;
    }

private:
    QElapsedTimer m_timer;
};

LoadedModel loadedModel(const SessionInfo &info)
{
    LoadedModel model;
    model.path = QString::fromStdString(info.path);
    model.name = QString::fromStdString(info.name);
    model.architecture = QString::fromStdString(info.architecture);
    model.device = QString::fromStdString(info.deviceName);
    model.deviceReason = QString::fromStdString(info.deviceReason);
    model.warning = QString::fromStdString(info.warning);
    model.contextLength = info.contextLength;
    model.memoryBytes = info.memoryBytes;
    model.loadSeconds = info.loadSeconds;
    model.chatTemplateError = QString::fromStdString(info.chatTemplateError);
    return model;
}

// What a model writes, sent on at most once per displayed frame; what it thinks and what it answers
// in the order in which they came.
class AnswerStream
{
public:
    AnswerStream(InferenceWorker &worker, quint64 id) : m_worker(worker), m_id(id) { }

    void reasoning(std::string_view text)
    {
        // Thoughts between two parts of an answer are a paragraph of their own.
        if (m_part == Part::Text)
            append(Part::Reasoning, m_reasoned ? "\n\n" : "");
        m_reasoned = true;
        append(Part::Reasoning, text);
    }
    void text(std::string_view text)
    {
        m_answered = true;
        append(Part::Text, text);
    }
    bool answered() const { return m_answered; }
    void flush()
    {
        if (m_waiting.isEmpty())
            return;
        const QString text = QString::fromUtf8(std::exchange(m_waiting, {}));
        if (m_part == Part::Reasoning)
            emit m_worker.reasoningAppended(m_id, text);
        else
            emit m_worker.textAppended(m_id, text);
    }

private:
    enum class Part { Text, Reasoning };
    void append(Part part, std::string_view text)
    {
        if (part != m_part)
            flush();
        m_part = part;
        m_waiting.append(text.data(), qsizetype(text.size()));
        if (m_gate.open())
            flush();
    }

    InferenceWorker &m_worker;
    quint64 m_id;
    FrameGate m_gate;
    Part m_part = Part::Text;
    bool m_reasoned = false;
    bool m_answered = false;
    QByteArray m_waiting; // UTF-8, whole characters only
};

// The window offers a model no tools; a call that it writes all the same is shown, not lost.
std::string callsAsText(const std::vector<llm::ToolCall> &calls, bool afterText)
{
    std::string text;
    for (const llm::ToolCall &call : calls) {
        text += afterText || !text.empty() ? "\n\n" : "";
        text += "```\n" + call.name + " " + call.arguments + "\n```\n";
    }
    return text;
}

GenerationResult generationResult(const GenerationReport &report)
{
    GenerationResult result;
    result.reason = report.reason;
    result.promptTokens = report.promptTokens;
    result.reusedTokens = report.reusedTokens;
    result.answerTokens = report.answerTokens;
    result.contextUsed = report.contextUsed;
    result.droppedMessages = report.droppedMessages;
    result.prefillSeconds = report.prefillSeconds;
    result.decodeSeconds = report.decodeSeconds;
    return result;
}

// The border that no exception crosses: an exception in a queued call would end the program.
template <typename Work>
auto guarded(Work &&work) -> decltype(work())
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory,
                    "The computer's memory does not suffice. Close other programs, or choose a "
                    "smaller model or a shorter context.");
    } catch (const std::exception &exception) {
        return fail(ErrorCode::Internal, "Something went wrong inside the engine.",
                    exception.what());
    }
}

} // namespace

void InferenceWorker::load(const LoadRequest &request, const CancelToken &cancel)
{
    m_session.reset(); // everything of the old model is freed before the new one asks for memory
    if (cancel.cancelled()) {
        emit loadFailed(request.id, {ErrorCode::Cancelled, "Loading was stopped.", {}});
        return;
    }
    LoadedModel model;
    auto opened = guarded([&]() -> Result<std::unique_ptr<Session>> {
        auto device = DeviceRequest::parse(request.device.toStdString());
        if (!device)
            return fail(device.error());
        if (!m_hardware)
            m_hardware = m_hardwareSource();
        SessionOptions options;
        options.modelPath = request.modelPath.toStdString();
        options.device = *device;
        options.executor.contextLength = request.contextLength;
        options.executor.threads = request.threads;
        if (!llm::setKvFormat(request.kvFormat.toStdString(), options.executor))
            return fail(ErrorCode::InvalidArgument,
                        "The format of the KV cache in the settings is not known.");
        llm::LoadHooks hooks;
        hooks.cancel = cancel;
        FrameGate gate;
        hooks.progress = [&](std::uint64_t done, std::uint64_t total) {
            if (total > 0 && (done >= total || gate.open()))
                emit loadProgress(request.id, std::min(1.0, double(done) / double(total)));
        };
        auto session = Session::open(*m_hardware, options, hooks);
        if (session) {
            model = loadedModel((*session)->info());
            model.recommendedSampling = (*session)->recommendedSampling();
        }
        return session;
    });
    if (opened && cancel.cancelled()) // asked for at the very end: still obeyed
        opened = fail(ErrorCode::Cancelled, "Loading was stopped.");
    if (!opened) {
        emit loadFailed(request.id, opened.error());
        return;
    }
    m_session = std::move(*opened);
    // Sentences about the model and the device: nothing of a chat is in them.
    if (!model.warning.isEmpty())
        qWarning("%s", qUtf8Printable(model.warning));
    emit loadFinished(request.id, model);
}

void InferenceWorker::unload()
{
    m_session.reset();
    emit unloaded();
}

void InferenceWorker::generate(const GenerateRequest &request, const CancelToken &cancel)
{
    if (!m_session) {
        emit generationFailed(
            request.id,
            {ErrorCode::InvalidArgument, "No model is loaded. Choose one, then try again.", {}});
        return;
    }
    AnswerStream stream(*this, request.id);
    auto report = guarded([&]() -> Result<GenerationReport> {
        std::vector<ChatMessage> messages;
        const auto count = [this](std::string_view text) {
            return m_session->tokenizer()
                ->encode(text, llm::AddSpecial::No, llm::ParseSpecial::No)
                .size();
        };
        const QVector<PromptMessage> given = request.compose && m_session->tokenizer()
            ? request.compose(request.messages, count, m_session->info().contextLength)
            : request.messages;
        messages.reserve(std::size_t(given.size()));
        for (const PromptMessage &message : given)
            messages.push_back({message.role, message.text.toStdString()});
        GenerateOptions options;
        options.sampling = request.sampling;
        options.maxTokens = request.maxTokens;
        options.shift = request.shift;
        options.endOfTurn = request.ignoreEndOfTurn ? EndOfTurn::Ignore : EndOfTurn::Obey;
        GenerateHooks hooks;
        hooks.cancel = cancel;
        FrameGate progressGate;
        hooks.promptProgress = [&](std::size_t done, std::size_t total) {
            if (done >= total || progressGate.open())
                emit promptProgress(request.id, quint32(done), quint32(total));
        };
        hooks.reasoning = [&](std::string_view text) { stream.reasoning(text); };
        hooks.text = [&](std::string_view text) { stream.text(text); };
        auto answered = m_session->answer(messages, request.templateFallback, options, hooks);
        if (answered && !answered->toolCalls.empty())
            stream.text(callsAsText(answered->toolCalls, stream.answered()));
        return answered;
    });
    stream.flush();
    if (report)
        emit generationFinished(request.id, generationResult(*report));
    else
        emit generationFailed(request.id, report.error());
}

} // namespace alcove::engine
