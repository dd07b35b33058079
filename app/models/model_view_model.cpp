#include "app/models/model_view_model.h"

#include "core/chat/answer_settings.h"

#include <QFileInfo>
#include <QLocale>

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
                m_settings.setDefaults(chat::settingsOf(model.recommendedSampling));
                m_state = Ready;
                emit stateChanged();
                emit modelReady();
            });
    connect(
        &m_engine, &engine::ChatEngine::loadFailed, this, [this](quint64 id, const Error &error) {
            if (id != m_loadId)
                return;
            m_loaded = {};
            m_state = error.cancelled() ? None : Failed;
            m_errorText = error.cancelled() ? QString() : QString::fromStdString(error.message);
            m_errorDetail = error.cancelled() ? QString() : QString::fromStdString(error.detail);
            emit stateChanged();
        });
    refreshLibrary();
}

QString ModelViewModel::name() const
{
    if (!m_loaded.name.isEmpty())
        return m_loaded.name;
    for (int row = 0; row < m_library.rowCount(); ++row) {
        const QModelIndex index = m_library.index(row);
        if (index.data(ModelLibrary::PathRole).toString() == m_path)
            return index.data(ModelLibrary::NameRole).toString();
    }
    return QFileInfo(m_path).completeBaseName();
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
    m_path = path;
    m_library.setCurrent(path);
    m_loaded = {};
    m_settings.setDefaults({});
    m_errorText.clear();
    m_errorDetail.clear();
    m_progress = 0;
    m_state = Loading;
    emit progressChanged();
    emit stateChanged();
    engine::LoadRequest request;
    request.id = ++m_loadId;
    request.modelPath = path;
    request.device = m_settings.value(QStringLiteral("device")).toString();
    request.contextLength = m_settings.value(QStringLiteral("contextLength")).toUInt();
    request.threads = m_settings.value(QStringLiteral("threads")).toUInt();
    request.kvFormat = m_settings.value(QStringLiteral("kvFormat")).toString();
    m_engine.load(request);
}

QStringList ModelViewModel::list(const char *key) const
{
    return m_settings.value(QLatin1String(key)).toStringList();
}

} // namespace alcove::models
