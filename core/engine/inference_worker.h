// InferenceWorker: the inference thread's side of the engine. It alone touches the session.
//
// Every function runs on the worker's thread; requests come one after the other as queued calls.
// The cancel token of a request is shared with the GUI thread, so that stopping acts while this
// thread is busy. Each load and each generation ends with exactly one of its closing signals.
#pragma once

#include "core/base/cancellation.h"
#include "core/engine/chat_engine.h"
#include "core/engine/hardware.h"
#include "core/engine/session.h"

#include <QObject>

#include <functional>
#include <memory>
#include <optional>

namespace alcove::engine {

// Called once, on the inference thread, at the first load.
using HardwareSource = std::function<Hardware()>;

class InferenceWorker : public QObject
{
    Q_OBJECT
public:
    explicit InferenceWorker(HardwareSource hardware) : m_hardwareSource(std::move(hardware)) { }

    void load(const LoadRequest &request, const CancelToken &cancel);
    void unload();
    void generate(const GenerateRequest &request, const CancelToken &cancel);

signals:
    void loadProgress(quint64 id, double fraction);
    void loadFinished(quint64 id, const alcove::engine::LoadedModel &model);
    void loadFailed(quint64 id, const alcove::Error &error);
    void unloaded();
    void promptProgress(quint64 id, quint32 doneTokens, quint32 totalTokens);
    void reasoningAppended(quint64 id, const QString &text);
    void textAppended(quint64 id, const QString &text);
    void generationFinished(quint64 id, const alcove::engine::GenerationResult &result);
    void generationFailed(quint64 id, const alcove::Error &error);

private:
    HardwareSource m_hardwareSource;
    std::optional<Hardware> m_hardware;
    std::unique_ptr<Session> m_session;
};

} // namespace alcove::engine
