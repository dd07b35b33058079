#include "app/models/model_view_model.h"

#include "core/chat/answer_settings.h"

#include <QFileInfo>
#include <QLocale>

#include <utility>

namespace alcove::models {

ModelViewModel::ModelViewModel(engine::ChatEngine &engine, storage::Settings &settings,
                               const QString &starterPath, QObject *parent)
    : QObject(parent), m_engine(engine), m_settings(settings),
      m_starterPath(starterPath.isEmpty() ? QString() : QFileInfo(starterPath).absoluteFilePath()),
      m_library(m_starterPath)
{
    connect(&m_engine, &engine::ChatEngine::loadProgress, this,
            [this](quint64 id, double fraction) {
                if (id != m_loadId || m_state != Loading)
                    return;
                m_progress = fraction;
                emit progressChanged();
            });
    connect(&m_engine, &engine::ChatEngine::loadFinished, this,
            [this](quint64 id, const engine::LoadedModel &model) {
                if (id != m_loadId)
                    return;
                m_loaded = model;
                m_ranBefore = m_request;
                m_settings.setDefaults(chat::settingsOf(model.recommendedSampling));
                m_state = Ready;
                emit stateChanged();
                emit modelReady();
            });
    connect(&m_engine, &engine::ChatEngine::loadFailed, this,
            [this](quint64 id, const Error &error) {
                if (id == m_loadId)
                    failed(error);
            });
    refreshLibrary();
}

QString ModelViewModel::name() const
{
    return m_loaded.name.isEmpty() ? nameOf(m_path) : m_loaded.name;
}

QString ModelViewModel::nameOf(const QString &path) const
{
    for (int row = 0; row < m_library.rowCount(); ++row) {
        const QModelIndex index = m_library.index(row);
        if (index.data(ModelLibrary::PathRole).toString() == path)
            return index.data(ModelLibrary::NameRole).toString();
    }
    return QFileInfo(path).completeBaseName();
}

QString ModelViewModel::memoryText() const
{
    return m_loaded.memoryBytes
        ? QLocale().formattedDataSize(qint64(m_loaded.memoryBytes), 1, QLocale::DataSizeSIFormat)
        : QString();
}

void ModelViewModel::restore()
{
    const QString last = firstPartOf(m_settings.value(QStringLiteral("lastModel")).toString());
    if (!last.isEmpty() && QFileInfo::exists(last))
        load(last);
    else if (hasStarter())
        load(m_starterPath);
}

void ModelViewModel::choose(const QString &path)
{
    m_settings.setValue(QStringLiteral("lastModel"), path);
    load(path);
}

bool ModelViewModel::chooseFile(const QUrl &url)
{
    const QString path = firstPartOf(QFileInfo(url.toLocalFile()).absoluteFilePath());
    if (!url.isLocalFile() || !path.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive)
        || !QFileInfo(path).isFile())
        return false;
    QStringList files = list("modelFiles");
    if (!files.contains(path) && path != m_starterPath)
        m_settings.setValue(QStringLiteral("modelFiles"), files << path);
    refreshLibrary();
    choose(path);
    return true;
}

void ModelViewModel::reload()
{
    if (!m_path.isEmpty())
        load(m_path);
}

void ModelViewModel::retry()
{
    const QString wanted = m_failedPath; // which loading clears
    if (wanted.isEmpty())
        reload();
    else
        choose(wanted);
}

void ModelViewModel::dismissError()
{
    m_errorText.clear();
    m_errorDetail.clear();
    emit stateChanged();
}

void ModelViewModel::cancel()
{
    if (m_state == Loading)
        m_engine.cancelLoad();
}

void ModelViewModel::remove(const QString &path)
{
    QStringList files = list("modelFiles");
    files.removeIf([&](const QString &file) { return file == path || firstPartOf(file) == path; });
    m_settings.setValue(QStringLiteral("modelFiles"), files);
    refreshLibrary();
    if (m_ranBefore && m_ranBefore->modelPath == path)
        m_ranBefore.reset();
    if (path == m_path) {
        m_settings.remove(QStringLiteral("lastModel"));
        if (hasStarter()) {
            load(m_starterPath);
        } else {
            m_engine.unload();
            m_path.clear();
            m_loaded = {};
            m_settings.setDefaults({});
            m_state = None;
            emit stateChanged();
        }
    }
}

void ModelViewModel::addFolder(const QUrl &url)
{
    const QString folder = url.toLocalFile();
    QStringList folders = list("modelFolders");
    if (folder.isEmpty() || folders.contains(folder))
        return;
    m_settings.setValue(QStringLiteral("modelFolders"), folders << folder);
    refreshLibrary();
}

void ModelViewModel::refreshLibrary()
{
    m_library.refresh(list("modelFiles"), list("modelFolders"));
}

void ModelViewModel::load(const QString &path)
{
    m_errorText.clear();
    m_errorDetail.clear();
    m_failedPath.clear();
    engine::LoadRequest request;
    request.modelPath = path;
    request.device = m_settings.value(QStringLiteral("device")).toString();
    request.contextLength = m_settings.value(QStringLiteral("contextLength")).toUInt();
    request.threads = m_settings.value(QStringLiteral("threads")).toUInt();
    request.kvFormat = m_settings.value(QStringLiteral("kvFormat")).toString();
    begin(std::move(request));
}

void ModelViewModel::begin(engine::LoadRequest request)
{
    request.id = ++m_loadId;
    m_request = std::move(request);
    m_path = m_request.modelPath;
    m_library.setCurrent(m_path);
    m_loaded = {};
    m_settings.setDefaults({});
    m_progress = 0;
    m_state = Loading;
    emit progressChanged();
    emit stateChanged();
    m_engine.load(m_request);
}

// The old model was freed before the new one asked for memory; it is loaded again as it was.
void ModelViewModel::failed(const Error &error)
{
    m_loaded = {};
    const std::optional<engine::LoadRequest> before = std::exchange(m_ranBefore, std::nullopt);
    if (!error.cancelled()) {
        m_errorText = QString::fromStdString(error.message);
        m_errorDetail = QString::fromStdString(error.detail);
    }
    if (!before) {
        m_state = error.cancelled() ? None : Failed;
        emit stateChanged();
        return;
    }
    if (!error.cancelled()) {
        m_failedPath = m_path;
        m_errorText = before->modelPath == m_path
            ? tr("%1 goes on as before; the new settings cannot be used. %2")
                  .arg(nameOf(m_path), m_errorText)
            : tr("%1 goes on; %2 cannot be used. %3")
                  .arg(nameOf(before->modelPath), nameOf(m_path), m_errorText);
    }
    m_settings.setValue(QStringLiteral("lastModel"), before->modelPath);
    begin(*before);
}

QStringList ModelViewModel::list(const char *key) const
{
    return m_settings.value(QLatin1String(key)).toStringList();
}

} // namespace alcove::models
