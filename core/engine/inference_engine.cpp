#include "core/engine/inference_engine.h"

#include "core/engine/inference_worker.h"

#include <utility>

namespace alcove::engine {

namespace {

void registerTypes()
{
    qRegisterMetaType<alcove::Error>();
    qRegisterMetaType<LoadRequest>();
    qRegisterMetaType<LoadedModel>();
    qRegisterMetaType<GenerateRequest>();
    qRegisterMetaType<GenerationResult>();
}

void cancelAll(const QHash<quint64, CancelToken> &requests)
{
    for (const CancelToken &cancel : requests)
        cancel.cancel();
}

} // namespace

InferenceEngine::InferenceEngine(const QString &cacheFolder, QObject *parent)
    : InferenceEngine(
        [folder = cacheFolder.toStdString()] { return Hardware::ofThisMachine(folder); }, parent)
{ }

InferenceEngine::InferenceEngine(std::function<Hardware()> hardware, QObject *parent)
    : ChatEngine(parent), m_worker(new InferenceWorker(std::move(hardware)))
{
    registerTypes();
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    connect(m_worker, &InferenceWorker::loadProgress, this, &ChatEngine::loadProgress);
    connect(m_worker, &InferenceWorker::loadFinished, this, &ChatEngine::loadFinished);
    connect(m_worker, &InferenceWorker::loadFailed, this, &ChatEngine::loadFailed);
    connect(m_worker, &InferenceWorker::unloaded, this, &ChatEngine::unloaded);
    connect(m_worker, &InferenceWorker::promptProgress, this, &ChatEngine::promptProgress);
    connect(m_worker, &InferenceWorker::reasoningAppended, this, &ChatEngine::reasoningAppended);
    connect(m_worker, &InferenceWorker::textAppended, this, &ChatEngine::textAppended);
    connect(m_worker, &InferenceWorker::generationFinished, this, &ChatEngine::generationFinished);
    connect(m_worker, &InferenceWorker::generationFailed, this, &ChatEngine::generationFailed);
    m_thread.setObjectName(QStringLiteral("inference"));
    m_thread.start();
}

InferenceEngine::~InferenceEngine()
{
    cancelAll(m_loads);
    cancelAll(m_answers);
    m_thread.quit();
    m_thread.wait();
}

void InferenceEngine::load(const LoadRequest &request)
{
    cancelAll(m_answers);
    cancelAll(m_loads); // only the newest model counts
    const quint64 number = ++m_requests;
    const CancelToken cancel;
    m_loads.insert(number, cancel);
    QMetaObject::invokeMethod(
        m_worker,
        [this, request, cancel, number, worker = m_worker] {
            worker->load(request, cancel);
            QMetaObject::invokeMethod(this, [this, number] { m_loads.remove(number); });
        },
        Qt::QueuedConnection);
}

void InferenceEngine::cancelLoad()
{
    cancelAll(m_loads);
}

void InferenceEngine::unload()
{
    cancelAll(m_answers);
    cancelAll(m_loads);
    QMetaObject::invokeMethod(
        m_worker, [worker = m_worker] { worker->unload(); }, Qt::QueuedConnection);
}

void InferenceEngine::generate(const GenerateRequest &request)
{
    const quint64 number = ++m_requests;
    const CancelToken cancel;
    m_answers.insert(number, cancel);
    QMetaObject::invokeMethod(
        m_worker,
        [this, request, cancel, number, worker = m_worker] {
            worker->generate(request, cancel);
            QMetaObject::invokeMethod(this, [this, number] { m_answers.remove(number); });
        },
        Qt::QueuedConnection);
}

void InferenceEngine::stop()
{
    cancelAll(m_answers);
}

} // namespace alcove::engine
