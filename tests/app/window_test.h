// The whole window over a real database, with an engine that answers at once: the base of the tests
// that drive it.
#pragma once

#include "app/chat/chat_list_model.h"
#include "app/chat/chat_view_model.h"
#include "app/models/model_view_model.h"
#include "app/settings/settings_view_model.h"
#include "app/shell/network_guard.h"
#include "app/shell/shell_view_model.h"
#include "core/chat/chat_service.h"
#include "core/storage/settings.h"
#include "core/storage/storage_thread.h"

#include <QQmlApplicationEngine>
#include <QQuickStyle>
#include <QQuickWindow>
#include <QTemporaryDir>
#include <QTest>
#include <QtQml/qqmlextensionplugin.h>

#include <algorithm>
#include <utility>

Q_IMPORT_QML_PLUGIN(Alcove_ThemePlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ControlsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ChatPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ModelsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_SettingsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_HelpPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ShellPlugin)

namespace alcove::test {

// Loads anything and answers every prompt with the same text, after thinking the same before it.
class FixedEngine : public engine::ChatEngine
{
    Q_OBJECT
public:
    QString answer = QStringLiteral("Hello.");
    QString reasoning;
    bool waits = false; // with the answer, when it has thought, for answerNow() or stop()
    int pieces = 0; // characters that come at a time, one piece a turn of the event loop; 0: all

    void answerNow() { goOn(std::exchange(m_waiting, 0), answer); }

    void load(const alcove::engine::LoadRequest &request) override
    {
        engine::LoadedModel model;
        model.path = request.modelPath;
        model.name = QStringLiteral("Fixed");
        model.device = QStringLiteral("Processor");
        model.contextLength = 1000;
        later([this, id = request.id, model] { emit loadFinished(id, model); });
    }
    void cancelLoad() override { }
    void unload() override { emit unloaded(); }
    void generate(const alcove::engine::GenerateRequest &request) override
    {
        if (!reasoning.isEmpty())
            later([this, id = request.id] { emit reasoningAppended(id, reasoning); });
        if (waits)
            m_waiting = request.id;
        else
            goOn(request.id, answer);
    }
    void stop() override
    {
        if (m_waiting == 0)
            return;
        engine::GenerationResult result;
        result.reason = engine::StopReason::Stopped;
        emit generationFinished(std::exchange(m_waiting, 0), result);
    }

private:
    void goOn(quint64 id, const QString &rest)
    {
        later([this, id, rest] {
            const qsizetype count =
                pieces > 0 ? std::min<qsizetype>(pieces, rest.size()) : rest.size();
            emit textAppended(id, rest.left(count));
            if (count < rest.size())
                goOn(id, rest.mid(count));
            else
                emit generationFinished(id, {});
        });
    }
    template <typename Work>
    void later(Work work)
    {
        QMetaObject::invokeMethod(this, work, Qt::QueuedConnection);
    }

    quint64 m_waiting = 0; // the request whose answer waits
};

class WindowTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QQuickStyle::setStyle(QStringLiteral("Basic")); }

    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        auto storage = storage::StorageThread::open(m_dir->filePath(QStringLiteral("a.sqlite3")));
        QVERIFY2(storage, storage ? "" : storage.error().message.c_str());
        m_storage = std::move(*storage);
        m_settings = std::make_unique<storage::Settings>(*m_storage);
        m_engine = std::make_unique<FixedEngine>();
        m_service = std::make_unique<chat::ChatService>(*m_storage, *m_engine);
        m_models = std::make_unique<models::ModelViewModel>(
            *m_engine, *m_settings,
            QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf"));
        m_chats = std::make_unique<chatui::ChatListModel>(*m_service);
        m_chat = std::make_unique<chatui::ChatViewModel>(*m_service, *m_models, *m_settings);
        m_choices = std::make_unique<settings::SettingsViewModel>(*m_settings, m_dir->path());
        m_shell = std::make_unique<shell::ShellViewModel>(*m_settings,
                                                          shell::ShellViewModel::Mode::Normal);
        m_qml = std::make_unique<QQmlApplicationEngine>();
        connect(m_qml.get(), &QQmlEngine::warnings, this, [this](const QList<QQmlError> &warnings) {
            for (const QQmlError &warning : warnings)
                m_warnings << warning.toString();
        });
        m_qml->setNetworkAccessManagerFactory(&m_guard);
        m_qml->addImportPath(QStringLiteral("qrc:/qt/qml"));
        m_qml->setInitialProperties({
            {QStringLiteral("shell"), QVariant::fromValue(m_shell.get())},
            {QStringLiteral("chat"), QVariant::fromValue(m_chat.get())},
            {QStringLiteral("chats"), QVariant::fromValue(m_chats.get())},
            {QStringLiteral("models"), QVariant::fromValue(m_models.get())},
            {QStringLiteral("settings"), QVariant::fromValue(m_choices.get())},
        });
        m_warnings.clear();
        m_qml->load(QUrl(QStringLiteral("qrc:/qt/qml/Alcove/Shell/Main.qml")));
        QVERIFY(!m_qml->rootObjects().isEmpty());
        m_window = qobject_cast<QQuickWindow *>(m_qml->rootObjects().constFirst());
        QVERIFY(m_window);
        m_window->resize(1120, 780);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window));
        m_service->listChats();
        m_models->restore();
        QTRY_COMPARE(m_models->state(), models::ModelViewModel::Ready);
    }

    void cleanup()
    {
        m_qml.reset();
        m_shell.reset();
        m_choices.reset();
        m_chat.reset();
        m_chats.reset();
        m_models.reset();
        m_service.reset();
        m_engine.reset();
        m_settings.reset();
        m_storage.reset();
    }

protected:
    shell::NetworkGuard m_guard;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<storage::StorageThread> m_storage;
    std::unique_ptr<storage::Settings> m_settings;
    std::unique_ptr<FixedEngine> m_engine;
    std::unique_ptr<chat::ChatService> m_service;
    std::unique_ptr<models::ModelViewModel> m_models;
    std::unique_ptr<chatui::ChatListModel> m_chats;
    std::unique_ptr<chatui::ChatViewModel> m_chat;
    std::unique_ptr<settings::SettingsViewModel> m_choices;
    std::unique_ptr<shell::ShellViewModel> m_shell;
    std::unique_ptr<QQmlApplicationEngine> m_qml;
    QQuickWindow *m_window = nullptr;
    QStringList m_warnings;
};

} // namespace alcove::test
