// InferenceEngine: the ChatEngine that runs real models, on one inference thread of its own.
//
// Lives on the GUI thread; every slot returns at once. Requests are served in the order in which
// they came; load() and unload() stop the answers before them, stop() the answers asked for so far,
// and cancelLoad() the loads. A load that fails or is cancelled leaves no model loaded, and the
// engine ready for the next load. The destructor stops everything and waits for the thread.
#pragma once

#include "core/base/cancellation.h"
#include "core/engine/chat_engine.h"

#include <QHash>
#include <QThread>

#include <functional>
#include <memory>

namespace alcove::engine {

class InferenceWorker;
struct Hardware;

class InferenceEngine : public ChatEngine
{
    Q_OBJECT
public:
    // Runs on this machine's devices. `cacheFolder`: where compiled Vulkan pipelines are kept.
    explicit InferenceEngine(const QString &cacheFolder = {}, QObject *parent = nullptr);
    // Runs on the given devices; `hardware` is called on the inference thread, at the first load.
    explicit InferenceEngine(std::function<Hardware()> hardware, QObject *parent = nullptr);
    ~InferenceEngine() override;

public slots:
    void load(const alcove::engine::LoadRequest &request) override;
    void cancelLoad() override;
    void unload() override;
    void generate(const alcove::engine::GenerateRequest &request) override;
    void stop() override;

private:
    QThread m_thread;
    InferenceWorker *m_worker = nullptr; // deleted by its thread
    // Of the requests that have not ended yet, in no order: the number of a request, not its id,
    // because callers may use an id twice.
    QHash<quint64, CancelToken> m_loads;
    QHash<quint64, CancelToken> m_answers;
    quint64 m_requests = 0;
};

} // namespace alcove::engine
