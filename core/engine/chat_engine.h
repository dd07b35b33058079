// ChatEngine: what the rest of the app sees of the inference thread.
//
// Lives on the GUI thread; every slot returns at once and the work is done elsewhere. Signals
// arrive on the GUI thread, text at most once per displayed frame (about 16 ms). One model and one
// answer at a time; each load and each generation ends with exactly one of its closing signals.
// Implementations: InferenceEngine (a real thread and executor), ScriptedEngine (fixed tokens,
// fixed delays: the offline twin behind --demo and the GUI tests).
#pragma once

#include "core/base/result.h"
#include "core/engine/generation.h"
#include "core/llm/sampling.h"

#include <QObject>
#include <QString>
#include <QVector>

#include <cstddef>
#include <functional>
#include <string_view>

namespace alcove::engine {

// "auto", "cpu", "vulkan" (the best Vulkan device, lavapipe included) or "vulkan:N", as in the
// settings and the CLI.
using DeviceChoice = QString;

struct LoadRequest {
    quint64 id = 0;
    QString modelPath;
    DeviceChoice device = QStringLiteral("auto");
    quint32 contextLength = 0; // 0: min(4096, trained)
    quint32 threads = 0; // 0: one per core
    QString kvFormat = QStringLiteral("f16"); // a name of core/llm/kv_format.h
};

struct LoadedModel {
    QString path;
    QString name; // "Alcove Starter"
    QString architecture;
    QString device; // "AMD Radeon RX 7600", "Processor"
    QString deviceReason; // why this device, in words
    QString warning; // empty, or one sentence the user should know (a fallback happened)
    quint32 contextLength = 0; // positions
    quint64 memoryBytes = 0; // weights, KV cache and scratch together
    double loadSeconds = 0;
    llm::SamplingParams recommendedSampling; // by its makers, where the file says it; else defaults
    QString chatTemplateError; // not empty: the model's own template does not parse; what is wrong
};

struct PromptMessage {
    Role role = Role::User;
    QString text;
};

using CountTokens = std::function<std::size_t(std::string_view)>;

struct GenerateRequest {
    quint64 id = 0;
    QVector<PromptMessage> messages; // the branch, oldest first; ends with the user's message
    // May be empty. Else the model is given what it returns in the place of `messages`: for who has
    // to know how many tokens texts are and how many the context holds. Called on the inference
    // thread.
    std::function<QVector<PromptMessage>(const QVector<PromptMessage> &messages,
                                         const CountTokens &count, quint32 contextLength)>
        compose;
    llm::SamplingParams sampling;
    quint32 maxTokens = 0; // 0: as many as the context holds
    TemplateFallback templateFallback = TemplateFallback::Refuse;
    ContextShift shift = ContextShift::Never;
    bool ignoreEndOfTurn = false; // tests and benchmarks
};

struct GenerationResult {
    StopReason reason = StopReason::EndOfTurn;
    quint32 promptTokens = 0;
    quint32 reusedTokens = 0; // of the prompt, found in the KV cache
    quint32 answerTokens = 0;
    quint32 contextUsed = 0; // positions used after the answer
    quint32 droppedMessages = 0; // oldest messages after the system prompt that did not fit
    double prefillSeconds = 0;
    double decodeSeconds = 0;
};

class ChatEngine : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    ~ChatEngine() override = default;

public slots:
    // Replaces the loaded model; everything of the old one is freed first. A running answer is
    // stopped.
    virtual void load(const alcove::engine::LoadRequest &request) = 0;
    virtual void cancelLoad() = 0;
    virtual void unload() = 0;
    virtual void generate(const alcove::engine::GenerateRequest &request) = 0;
    virtual void stop() = 0; // ends the running answer within one token or 100 ms of prefill

signals:
    void loadProgress(quint64 id, double fraction);
    void loadFinished(quint64 id, const alcove::engine::LoadedModel &model);
    void loadFailed(quint64 id, const alcove::Error &error); // Cancelled when asked for
    void unloaded();

    void promptProgress(quint64 id, quint32 doneTokens, quint32 totalTokens);
    // What the model thinks before it answers; it is no part of the text.
    void reasoningAppended(quint64 id, const QString &text);
    void textAppended(quint64 id, const QString &text);
    void generationFinished(quint64 id, const alcove::engine::GenerationResult &result);
    void generationFailed(quint64 id, const alcove::Error &error);
};

} // namespace alcove::engine

Q_DECLARE_METATYPE(alcove::Error)
Q_DECLARE_METATYPE(alcove::engine::LoadRequest)
Q_DECLARE_METATYPE(alcove::engine::LoadedModel)
Q_DECLARE_METATYPE(alcove::engine::GenerateRequest)
Q_DECLARE_METATYPE(alcove::engine::GenerationResult)
