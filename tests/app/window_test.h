// The whole window over a real database, with an engine that answers at once: the base of the tests
// that drive it.
#pragma once

#include "app/chat/chat_documents.h"
#include "app/chat/chat_list_model.h"
#include "app/chat/chat_view_model.h"
#include "app/documents/documents_view_model.h"
#include "app/documents/source_view_model.h"
#include "app/models/model_view_model.h"
#include "app/settings/settings_view_model.h"
#include "app/shell/network_guard.h"
#include "app/shell/shell_view_model.h"
#include "core/chat/chat_service.h"
#include "core/storage/settings.h"
#include "core/storage/storage_thread.h"

#include <QAccessible>
#include <QQmlApplicationEngine>
#include <QQuickItem>
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
Q_IMPORT_QML_PLUGIN(Alcove_DocumentsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ModelsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_SettingsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_HelpPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ShellPlugin)

namespace alcove::test {

// What a screen reader finds: the first node of that role and name that can be seen.
inline QAccessibleInterface *find(QAccessibleInterface *node, QAccessible::Role role,
                                  const QString &name, int depth = 0)
{
    if (!node || !node->isValid() || depth > 60 || node->state().invisible)
        return nullptr;
    if (node->role() == role && node->text(QAccessible::Name) == name)
        return node;
    for (int i = 0; i < node->childCount(); ++i) {
        if (QAccessibleInterface *found = find(node->child(i), role, name, depth + 1))
            return found;
    }
    return nullptr;
}

// Every item of that QML type or C++ class below `item`, in the order of the tree.
inline QList<QQuickItem *> itemsNamed(QQuickItem *item, const char *type)
{
    QList<QQuickItem *> found;
    if (QString::fromLatin1(item->metaObject()->className()).startsWith(QLatin1String(type)))
        found << item;
    const auto children = item->childItems();
    for (QQuickItem *child : children)
        found << itemsNamed(child, type);
    return found;
}

inline QQuickItem *itemNamed(QQuickItem *item, const char *type)
{
    return itemsNamed(item, type).value(0);
}

// Loads anything and answers every prompt with the same text, after thinking the same before it.
class FixedEngine : public engine::ChatEngine
{
    Q_OBJECT
public:
    QString answer = QStringLiteral("Hello.");
    QString reasoning;
    QString prompt; // all that the model was given last
    bool waits = false; // with the answer, when it has thought, for answerNow() or stop()
    bool loads = true; // at once; else a load goes on until the test ends it
    int pieces = 0; // characters that come at a time, one piece a turn of the event loop; 0: all

    void answerNow() { goOn(std::exchange(m_waiting, 0), answer); }

    quint64 loading() const { return m_loading; } // the number of the last load asked for

    void finishLoad(const QString &device = QStringLiteral("Processor"))
    {
        engine::LoadedModel model;
        model.name = QStringLiteral("Fixed");
        model.device = device;
        model.contextLength = 1000;
        emit loadFinished(m_loading, model);
    }

    void load(const alcove::engine::LoadRequest &request) override
    {
        m_loading = request.id;
        if (loads)
            later([this] { finishLoad(); });
    }
    void cancelLoad() override { }
    void unload() override { emit unloaded(); }
    void generate(const alcove::engine::GenerateRequest &request) override
    {
        const auto count = [](std::string_view text) { return text.size() / 4 + 1; };
        const auto given =
            request.compose ? request.compose(request.messages, count, 1000) : request.messages;
        prompt.clear();
        for (const engine::PromptMessage &message : given)
            prompt += message.text + QLatin1Char('\n');
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

    quint64 m_loading = 0;
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
        prepare();
        m_runner = makeEngine();
        auto documents = documents::DocumentService::open(
            m_dir->filePath(QStringLiteral("a.sqlite3")),
            documents::DocumentReader(QStringLiteral(ALCOVE_READER)));
        QVERIFY2(documents, documents ? "" : documents.error().message.c_str());
        m_documents = std::move(*documents);
        m_service = std::make_unique<chat::ChatService>(*m_storage, *m_runner, m_documents.get());
        m_models = std::make_unique<models::ModelViewModel>(*m_runner, *m_settings, kStarter);
        m_chats = std::make_unique<chatui::ChatListModel>(*m_service);
        m_chat = std::make_unique<chatui::ChatViewModel>(*m_service, *m_models, *m_settings);
        m_library = std::make_unique<documentsui::DocumentsViewModel>(*m_documents, *m_settings);
        m_source = std::make_unique<documentsui::SourceViewModel>(*m_documents);
        m_chatDocuments = std::make_unique<chatui::ChatDocuments>(*m_service, *m_chat, *m_library);
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
            {QStringLiteral("documents"), QVariant::fromValue(m_library.get())},
            {QStringLiteral("source"), QVariant::fromValue(m_source.get())},
            {QStringLiteral("chatDocuments"), QVariant::fromValue(m_chatDocuments.get())},
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
        m_documents->start();
        m_models->restore();
        QTRY_COMPARE_WITH_TIMEOUT(m_models->state(), models::ModelViewModel::Ready, 60'000);
    }

    void cleanup()
    {
        m_qml.reset();
        m_shell.reset();
        m_choices.reset();
        m_chatDocuments.reset();
        m_source.reset();
        m_library.reset();
        m_chat.reset();
        m_chats.reset();
        m_models.reset();
        m_service.reset();
        m_documents.reset();
        m_runner.reset();
        m_settings.reset();
        m_storage.reset();
    }

protected:
    const QString kStarter =
        QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf");

    // For a test that wants another engine, or something in the database or the settings before
    // the window is there.
    virtual std::unique_ptr<engine::ChatEngine> makeEngine()
    {
        auto fixed = std::make_unique<FixedEngine>();
        m_engine = fixed.get();
        return fixed;
    }
    virtual void prepare() { }

    QAccessibleInterface *root() const { return QAccessible::queryAccessibleInterface(m_window); }
    QAccessibleInterface *button(const QString &name) const
    {
        return find(root(), QAccessible::Button, name);
    }
    QAccessibleInterface *text(const QString &words) const
    {
        return find(root(), QAccessible::StaticText, words);
    }
    void clickItem(QQuickItem *item, Qt::MouseButton mouse = Qt::LeftButton)
    {
        QTest::mouseClick(m_window, mouse, {},
                          item->mapToScene({item->width() / 2, item->height() / 2}).toPoint());
    }
    void clickNode(QAccessibleInterface *node)
    {
        QVERIFY(node);
        m_window->grabWindow(); // what has just appeared has its place then
        auto *item = qobject_cast<QQuickItem *>(node->object());
        QVERIFY(item);
        clickItem(item);
    }
    void click(const QString &name, QAccessibleInterface *within = nullptr)
    {
        QAccessibleInterface *found =
            within ? find(within, QAccessible::Button, name) : button(name);
        QVERIFY2(found, qPrintable(name));
        clickNode(found);
    }
    void type(const QString &words)
    {
        for (const QChar c : words)
            QTest::keyClick(m_window, c.toLatin1());
    }
    void send(const QString &text)
    {
        const int before = m_chat->messages()->rowCount();
        m_chat->setDraft(text);
        m_chat->send();
        QTRY_COMPARE(m_chat->messages()->rowCount(), before + 2);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->answering(), 20000);
    }
    QString lastText() const
    {
        const auto *model = m_chat->messages();
        const int role = model->roleNames().key("text");
        return model->data(model->index(model->rowCount() - 1, 0), role).toString();
    }
    void noWarnings() { QVERIFY2(m_warnings.isEmpty(), qPrintable(m_warnings.join(u'\n'))); }

    shell::NetworkGuard m_guard;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<storage::StorageThread> m_storage;
    std::unique_ptr<storage::Settings> m_settings;
    std::unique_ptr<engine::ChatEngine> m_runner;
    FixedEngine *m_engine = nullptr; // m_runner, unless a test has another
    std::unique_ptr<chat::ChatService> m_service;
    std::unique_ptr<models::ModelViewModel> m_models;
    std::unique_ptr<chatui::ChatListModel> m_chats;
    std::unique_ptr<chatui::ChatViewModel> m_chat;
    std::unique_ptr<documents::DocumentService> m_documents;
    std::unique_ptr<documentsui::DocumentsViewModel> m_library;
    std::unique_ptr<documentsui::SourceViewModel> m_source;
    std::unique_ptr<chatui::ChatDocuments> m_chatDocuments;
    std::unique_ptr<settings::SettingsViewModel> m_choices;
    std::unique_ptr<shell::ShellViewModel> m_shell;
    std::unique_ptr<QQmlApplicationEngine> m_qml;
    QQuickWindow *m_window = nullptr;
    QStringList m_warnings;
};

} // namespace alcove::test
