// What the user types is sent, shown and kept; every control has a name; nothing a model writes
// makes the app connect; colours can be told apart.

#include "window_test.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QColor>
#include <QQmlComponent>
#include <QTcpServer>
#include <QTcpSocket>

#include <cmath>

using namespace alcove;

namespace {

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

class TestWindow : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
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
};

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
