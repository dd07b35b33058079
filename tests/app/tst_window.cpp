// The whole window over a real database, with an engine that answers at once: what the user types
// is sent, shown and kept; every control has a name; and nothing a model writes makes the app
// connect.

#include "app/chat/chat_list_model.h"
#include "app/chat/chat_view_model.h"
#include "app/models/model_view_model.h"
#include "app/settings/settings_view_model.h"
#include "app/shell/network_guard.h"
#include "app/shell/shell_view_model.h"
#include "core/chat/chat_service.h"
#include "core/storage/settings.h"
#include "core/storage/storage_thread.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QColor>
#include <QQmlApplicationEngine>
#include <QQmlComponent>
#include <QQuickItem>
#include <QQuickStyle>
#include <QQuickWindow>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QtQml/qqmlextensionplugin.h>

#include <cmath>

Q_IMPORT_QML_PLUGIN(Alcove_ThemePlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ControlsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ChatPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ModelsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_SettingsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_HelpPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ShellPlugin)

using namespace alcove;

namespace {

// Loads anything and answers every prompt with the same text.
class FixedEngine : public engine::ChatEngine
{
    Q_OBJECT
public:
    QString answer = QStringLiteral("Hello.");

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
        later([this, id = request.id] {
            emit textAppended(id, answer);
            emit generationFinished(id, {});
        });
    }
    void stop() override { }

private:
    template <typename Work>
    void later(Work work)
    {
        QMetaObject::invokeMethod(this, work, Qt::QueuedConnection);
    }
};

double luminance(const QColor &color)
{
    const auto channel = [](double value) {
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * channel(color.redF()) + 0.7152 * channel(color.greenF())
        + 0.0722 * channel(color.blueF());
}

// WCAG 2.1, contrast ratio.
double contrast(const QColor &a, const QColor &b)
{
    const double x = luminance(a);
    const double y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

void collect(QAccessibleInterface *node, QStringList &nameless, int depth = 0)
{
    if (!node || !node->isValid() || depth > 60)
        return;
    switch (node->role()) {
    case QAccessible::Button:
    case QAccessible::CheckBox:
    case QAccessible::RadioButton:
    case QAccessible::ComboBox:
    case QAccessible::EditableText:
    case QAccessible::Slider:
    case QAccessible::Link:
        if (!node->state().invisible && node->text(QAccessible::Name).trimmed().isEmpty())
            nameless << QString::fromLatin1(
                node->object() ? node->object()->metaObject()->className() : "?");
        break;
    default:
        break;
    }
    for (int i = 0; i < node->childCount(); ++i)
        collect(node->child(i), nameless, depth + 1);
}

} // namespace

class TestWindow : public QObject
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

    void whatIsTypedIsSentShownAndKept()
    {
        QAbstractItemModelTester messages(m_chat->messages(),
                                          QAbstractItemModelTester::FailureReportingMode::QtTest);
        QAbstractItemModelTester chats(m_chats.get(),
                                       QAbstractItemModelTester::FailureReportingMode::QtTest);
        m_engine->answer = QStringLiteral("# Heading\n\n- one\n- two\n\n```cpp\nint x;\n```\n");
        QTRY_VERIFY(m_window->activeFocusItem());
        for (const char c : {'h', 'i'})
            QTest::keyClick(m_window, c);
        QTRY_COMPARE(m_chat->draft(), QStringLiteral("hi"));
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        QTRY_VERIFY(!m_chat->answering());
        QVERIFY(m_chat->draft().isEmpty());
        QTRY_COMPARE(m_chat->title(), QStringLiteral("hi"));
        QTRY_VERIFY(m_chats->rowCount() >= 1);
        const qint64 id = m_chat->chatId();
        m_chat->newChat();
        QTRY_COMPARE(m_chat->messages()->rowCount(), 0);
        m_chat->open(id);
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        QVERIFY2(m_warnings.isEmpty(), qPrintable(m_warnings.join(u'\n')));
    }

    void shiftReturnBreaksTheLine()
    {
        QTRY_VERIFY(m_window->activeFocusItem());
        QTest::keyClick(m_window, 'a');
        QTest::keyClick(m_window, Qt::Key_Return, Qt::ShiftModifier);
        QTest::keyClick(m_window, 'b');
        QTRY_COMPARE(m_chat->draft(), QStringLiteral("a\nb"));
        QCOMPARE(m_chat->messages()->rowCount(), 0);
    }

    void nothingThatAModelWritesConnects()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const QString address = QStringLiteral("http://127.0.0.1:%1/").arg(server.serverPort());
        m_engine->answer = QStringLiteral("![picture](%1a.png)\n\n<img src=\"%1b.png\">\n\n"
                                          "<style>@import url(%1c.css)</style>\n\n"
                                          "| ![d](%1d.png) |\n| --- |\n| <img src=%1e.png> |\n\n"
                                          "> <iframe src=\"%1f\"></iframe>\n\n[a link](%1g)\n")
                               .arg(address);
        m_chat->setDraft(QStringLiteral("<img src=\"%1h.png\"> ![i](%1i.png)").arg(address));
        m_chat->send();
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        QTRY_VERIFY(!m_chat->answering());
        // The title of the chat in the sidebar comes from the prompt too.
        m_chat->rename(m_chat->chatId(), QStringLiteral("<img src=\"%1j.png\">").arg(address));
        m_window->grabWindow(); // everything in sight has been laid out and painted
        QVERIFY(!server.waitForNewConnection(1500));
        QVERIFY(!server.hasPendingConnections());

        // The same server is reached where nothing guards: the test can fail.
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, server.serverPort());
        QVERIFY(server.waitForNewConnection(5000));
    }

    void everyControlHasAName()
    {
        m_chat->setDraft(QStringLiteral("hello"));
        m_chat->send();
        QTRY_COMPARE(m_chat->messages()->rowCount(), 2);
        QTRY_VERIFY(!m_chat->answering());
        // Nothing else, then each page by its key.
        for (const QKeySequence &key :
             {QKeySequence(), QKeySequence(Qt::CTRL | Qt::Key_Comma), QKeySequence(Qt::Key_F1)}) {
            if (!key.isEmpty())
                QTest::keyClick(m_window, Qt::Key(key[0].key()), key[0].keyboardModifiers());
            QTest::qWait(300);
            QStringList nameless;
            collect(QAccessible::queryAccessibleInterface(m_window), nameless);
            QVERIFY2(nameless.isEmpty(), qPrintable(key.toString() + u' ' + nameless.join(u' ')));
        }
        QVERIFY2(m_warnings.isEmpty(), qPrintable(m_warnings.join(u'\n')));
    }

    void looksRightWithoutWarningsFromNarrowToWide()
    {
        for (const QSize &size : {QSize(480, 560), QSize(760, 600), QSize(2560, 1440)}) {
            m_window->resize(size);
            QTest::qWait(200);
            QVERIFY(!m_window->grabWindow().isNull());
        }
        QVERIFY2(m_warnings.isEmpty(), qPrintable(m_warnings.join(u'\n')));
    }

    void coloursContrast_data()
    {
        QTest::addColumn<QString>("mode");
        QTest::newRow("light") << QStringLiteral("light");
        QTest::newRow("dark") << QStringLiteral("dark");
    }

    void coloursContrast()
    {
        QFETCH(QString, mode);
        m_choices->setTheme(mode);
        QQmlComponent component(m_qml.get());
        component.setData("import QtQml\nimport Alcove.Theme\n"
                          "QtObject { readonly property QtObject theme: Theme }",
                          {});
        const std::unique_ptr<QObject> holder(component.create());
        QVERIFY2(holder, qPrintable(component.errorString()));
        auto *theme = holder->property("theme").value<QObject *>();
        QVERIFY(theme);
        QTRY_COMPARE(theme->property("dark").toBool(), mode == QLatin1String("dark"));
        const auto colour = [&](const char *name) {
            const QVariant value = theme->property(name);
            return value.isValid() ? value.value<QColor>() : QColor();
        };
        const auto check = [&](const char *front, const char *back, double least) {
            QVERIFY2(colour(front).isValid() && colour(back).isValid(), front);
            const double ratio = contrast(colour(front), colour(back));
            QVERIFY2(ratio >= least,
                     qPrintable(QStringLiteral("%1 on %2: %3")
                                    .arg(QLatin1String(front), QLatin1String(back))
                                    .arg(ratio)));
        };
        for (const char *back : {"background", "surface", "surfaceRaised"}) {
            check("text", back, 4.5);
            check("textMuted", back, 4.5);
        }
        for (const char *front : {"accent", "danger", "warning", "success"})
            check(front, "background", 4.5);
        check("textOnAccent", "accent", 4.5);
        check("textOnDanger", "danger", 4.5);
        check("text", "accentSoft", 4.5);
        check("text", "highlight", 4.5);
        check("text", "dangerSoft", 4.5);
        check("text", "warningSoft", 4.5);
        check("borderStrong", "background", 3.0);
        check("borderStrong", "surface", 3.0);
        check("accent", "surface", 3.0);
    }

private:
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

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
