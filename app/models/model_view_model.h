// ModelViewModel: which model is in use, how its loading goes, and what else there is to choose
// from.
//
// Lives on the GUI thread, over the engine and the settings (both outlive it). A load that fails
// says why and goes back to what ran before, if anything did; the chats are not touched by it.
#pragma once

#include "app/models/model_library.h"
#include "core/engine/chat_engine.h"
#include "core/storage/settings.h"

#include <QObject>
#include <QUrl>
#include <QtQml/qqmlregistration.h>

#include <optional>

namespace alcove::models {

class ModelViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")

    Q_PROPERTY(alcove::models::ModelLibrary *library READ library CONSTANT FINAL)
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(double progress READ progress NOTIFY progressChanged FINAL) // 0 to 1 while Loading
    Q_PROPERTY(QString path READ path NOTIFY stateChanged FINAL) // of the chosen model
    Q_PROPERTY(QString name READ name NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString device READ device NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString deviceReason READ deviceReason NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString memoryText READ memoryText NOTIFY stateChanged FINAL) // "1.2 GB"
    Q_PROPERTY(int contextLength READ contextLength NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString warning READ warning NOTIFY stateChanged FINAL)
    // Why the last choice could not be used; not empty while Ready: the model from before goes on.
    Q_PROPERTY(QString errorText READ errorText NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString errorDetail READ errorDetail NOTIFY stateChanged FINAL)
    // Not empty: the model's own chat template cannot be used; what is wrong with it.
    Q_PROPERTY(QString templateError READ templateError NOTIFY stateChanged FINAL)
    Q_PROPERTY(bool starterInUse READ starterInUse NOTIFY stateChanged FINAL)
    Q_PROPERTY(bool hasStarter READ hasStarter CONSTANT FINAL)
public:
    enum State { None, Loading, Ready, Failed };
    Q_ENUM(State)

    // `starterPath`: empty when this installation has none.
    ModelViewModel(engine::ChatEngine &engine, storage::Settings &settings,
                   const QString &starterPath, QObject *parent = nullptr);

    ModelLibrary *library() { return &m_library; }
    State state() const { return m_state; }
    double progress() const { return m_progress; }
    QString path() const { return m_path; }
    QString name() const;
    QString device() const { return m_loaded.device; }
    QString deviceReason() const { return m_loaded.deviceReason; }
    QString memoryText() const;
    int contextLength() const { return int(m_loaded.contextLength); }
    const llm::SamplingParams &recommendedSampling() const { return m_loaded.recommendedSampling; }
    QString warning() const { return m_loaded.warning; }
    QString errorText() const { return m_errorText; }
    QString errorDetail() const { return m_errorDetail; }
    QString templateError() const { return m_loaded.chatTemplateError; }
    bool starterInUse() const { return hasStarter() && m_path == m_starterPath; }
    bool hasStarter() const { return !m_starterPath.isEmpty(); }

    // Loads the model of the last time, else the starter. Call once, when the window is there.
    Q_INVOKABLE void restore();
    Q_INVOKABLE void choose(const QString &path); // loads it and remembers the choice
    // Adds a .gguf file to the list and chooses it; false when it is no such file.
    Q_INVOKABLE bool chooseFile(const QUrl &url);
    Q_INVOKABLE void reload(); // with the settings as they are now
    Q_INVOKABLE void retry(); // the choice that could not be used
    Q_INVOKABLE void dismissError();
    Q_INVOKABLE void cancel(); // the load under way
    Q_INVOKABLE void remove(const QString &path); // from the list; the file stays
    Q_INVOKABLE void addFolder(const QUrl &url);
    Q_INVOKABLE void refreshLibrary();

signals:
    void stateChanged();
    void progressChanged();
    void modelReady();

private:
    void load(const QString &path);
    void begin(engine::LoadRequest request);
    void failed(const Error &error);
    QString nameOf(const QString &path) const;
    QStringList list(const char *key) const;

    engine::ChatEngine &m_engine;
    storage::Settings &m_settings;
    QString m_starterPath;
    ModelLibrary m_library;
    State m_state = None;
    double m_progress = 0;
    QString m_path;
    quint64 m_loadId = 0;
    engine::LoadRequest m_request; // the newest
    std::optional<engine::LoadRequest> m_ranBefore; // what to go back to
    QString m_failedPath;
    engine::LoadedModel m_loaded; // empty unless Ready
    QString m_errorText;
    QString m_errorDetail;
};

} // namespace alcove::models
