// What can be done with the text of an answer: its links ask before they open, its code is copied,
// its words are selected.

#include "window_test.h"

#include <QClipboard>
#include <QDesktopServices>

using namespace alcove;
using test::find;
using test::itemsNamed;

// Takes what would go to the browser.
class Browser : public QObject
{
    Q_OBJECT
public:
    Browser()
    {
        for (const QString &scheme : kSchemes)
            QDesktopServices::setUrlHandler(scheme, this, "open");
    }
    ~Browser() override
    {
        for (const QString &scheme : kSchemes)
            QDesktopServices::unsetUrlHandler(scheme);
    }
    QList<QUrl> opened;

public Q_SLOTS:
    void open(const QUrl &url) { opened << url; }

private:
    const QStringList kSchemes = {QStringLiteral("http"), QStringLiteral("https"),
                                  QStringLiteral("mailto"), QStringLiteral("file"),
                                  QStringLiteral("javascript")};
};

class TestWindowText : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void aLinkSaysWhereItGoesBeforeItOpens()
    {
        Browser browser;
        answer(QStringLiteral("Read [the manual](https://example.org/a?b=c) first."));
        clickLink(QStringLiteral("https://example.org/a?b=c"));
        QTRY_VERIFY(panel());
        QVERIFY(
            text(QStringLiteral("https://example.org/a?b=c"))); // all of it, before anything opens
        QVERIFY(browser.opened.isEmpty());
        click(QStringLiteral("Open"), panel());
        QCOMPARE(browser.opened, {QUrl(QStringLiteral("https://example.org/a?b=c"))});
        QTRY_VERIFY(!panel());
        noWarnings();
    }

    void aLinkIsLeftAlone()
    {
        Browser browser;
        answer(QStringLiteral("Read [the manual](https://example.org/) first."));
        const QString target = QStringLiteral("https://example.org/");
        clickLink(target);
        QTRY_VERIFY(panel());
        click(QStringLiteral("Cancel"), panel());
        QTRY_VERIFY(!panel());

        clickLink(target);
        QTRY_VERIFY(panel());
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_VERIFY(!panel());

        clickLink(target);
        QTRY_VERIFY(panel());
        click(QStringLiteral("Copy the address"), panel());
        QTRY_VERIFY(!panel());
        QCOMPARE(QGuiApplication::clipboard()->text(), target);
        QVERIFY(browser.opened.isEmpty());
        noWarnings();
    }

    void linksAreReachedByKeyboard()
    {
        Browser browser;
        answer(QStringLiteral("Read [one](https://example.org/1) and [two](https://example.org/2), "
                              "then [one](https://example.org/1) again."));
        QQuickItem *list = test::itemNamed(m_window->contentItem(), "MessageList");
        QVERIFY(list);
        list->forceActiveFocus(Qt::TabFocusReason);
        QTest::keyClick(m_window, Qt::Key_Down);
        auto *links = qobject_cast<QQuickItem *>(button(QStringLiteral("Links"))->object());
        QVERIFY(links);
        for (int i = 0; i < 8 && !links->hasActiveFocus(); ++i)
            QTest::keyClick(m_window, Qt::Key_Tab);
        QVERIFY(links->hasActiveFocus());
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(find(root(), QAccessible::MenuItem, QStringLiteral("https://example.org/2")));
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_VERIFY(panel());
        QTest::keyClick(m_window, Qt::Key_Return); // the panel begins at "Open"
        QCOMPARE(browser.opened, {QUrl(QStringLiteral("https://example.org/2"))});
        QTRY_VERIFY(!panel());
        // The keyboard is where it was.
        QTRY_VERIFY(links->hasActiveFocus());
        noWarnings();
    }

    void dangerousLinksAreText_data()
    {
        QTest::addColumn<QString>("markdown");
        QTest::newRow("script") << QStringLiteral("[run](javascript:alert(1))");
        QTest::newRow("file") << QStringLiteral("[read](file:///etc/passwd)");
        QTest::newRow("data") << QStringLiteral("[look](data:text/html,hello)");
        QTest::newRow("html") << QStringLiteral("<a href=\"https://example.org/\">look</a>");
        QTest::newRow("markup in code")
            << QStringLiteral("`<a href=\"https://example.org/\">x</a>`");
    }

    void dangerousLinksAreText()
    {
        QFETCH(QString, markdown);
        Browser browser;
        answer(markdown);
        for (QQuickItem *line : lines()) {
            for (qreal x = 1; x < line->width() && x < 600; x += 3) {
                QVERIFY(linkAt(line, {x, line->height() / 2}).isEmpty());
            }
            QTest::mouseClick(m_window, Qt::LeftButton, {},
                              line->mapToScene({8, line->height() / 2}).toPoint());
        }
        QTest::qWait(50);
        QVERIFY(!panel());
        QVERIFY(browser.opened.isEmpty());
        QVERIFY(!button(QStringLiteral("Links")));
        noWarnings();
    }

    void codeIsCopied()
    {
        const QString code = QStringLiteral("int main()\n{\n    return 0; // <b>\n}");
        answer(QStringLiteral("So:\n\n```cpp\n%1\n```\n\nThat is all.").arg(code));
        QGuiApplication::clipboard()->clear();
        click(QStringLiteral("Copy the code"));
        QCOMPARE(QGuiApplication::clipboard()->text(), code);
        QTRY_VERIFY(button(QStringLiteral("Copied"))); // it says that it has done so
        noWarnings();
    }

    void wordsOfAMessageAreSelected()
    {
        answer(QStringLiteral("The quick brown fox.\n\n```\nlet x\n```"));
        QQuickItem *line = nullptr;
        for (QQuickItem *candidate : lines()) {
            if (plain(candidate) == QLatin1String("The quick brown fox."))
                line = candidate;
        }
        QVERIFY(line);
        drag(line);
        QCOMPARE(line->property("selectedText").toString(), QStringLiteral("The quick brown fox."));
        QGuiApplication::clipboard()->clear();
        QTest::keySequence(m_window, QKeySequence::Copy);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("The quick brown fox."));
        // Reading is all: a key does not change it.
        QTest::keyClick(m_window, 'x');
        QCOMPARE(plain(line), QStringLiteral("The quick brown fox."));
        // One's own words too.
        QQuickItem *own = lines().value(0);
        QVERIFY(own);
        drag(own);
        QCOMPARE(own->property("selectedText").toString(), QStringLiteral("Why?"));
        noWarnings();
    }

private:
    void answer(const QString &markdown)
    {
        m_engine->answer = markdown;
        send(QStringLiteral("Why?"));
        // Where it stands once it has been laid out.
        QTRY_VERIFY(lines().size() >= 1);
        QTest::qWait(50);
    }
    QAccessibleInterface *panel() const
    {
        return find(root(), QAccessible::Dialog, QStringLiteral("Open this link in the browser?"));
    }
    QList<QQuickItem *> lines() const { return itemsNamed(m_window->contentItem(), "RichLine"); }
    static QString plain(QQuickItem *line)
    {
        QString text;
        QMetaObject::invokeMethod(line, "getText", Q_RETURN_ARG(QString, text), Q_ARG(int, 0),
                                  Q_ARG(int, line->property("length").toInt()));
        return text;
    }
    static QString linkAt(QQuickItem *line, QPointF point)
    {
        QString link;
        QMetaObject::invokeMethod(line, "linkAt", Q_RETURN_ARG(QString, link),
                                  Q_ARG(qreal, point.x()), Q_ARG(qreal, point.y()));
        return link;
    }
    void clickLink(const QString &target)
    {
        for (QQuickItem *line : lines()) {
            for (qreal y = 4; y < line->height(); y += 6) {
                for (qreal x = 1; x < line->width(); x += 3) {
                    if (linkAt(line, {x, y}) != target)
                        continue;
                    QTest::mouseClick(m_window, Qt::LeftButton, {},
                                      line->mapToScene({x + 2, y}).toPoint());
                    return;
                }
            }
        }
        QFAIL(qPrintable(QStringLiteral("no link to ") + target));
    }
    // The mouse, over all of a line.
    void drag(QQuickItem *line)
    {
        const auto at = [line](qreal x) {
            return line->mapToScene({x, line->height() / 2}).toPoint();
        };
        QTest::mousePress(m_window, Qt::LeftButton, {}, at(1));
        for (const qreal part : {0.3, 0.6, 0.9})
            QTest::mouseMove(m_window, at(line->width() * part));
        QTest::mouseMove(m_window, at(line->width() - 1));
        QTest::mouseRelease(m_window, Qt::LeftButton, {}, at(line->width() - 1));
    }
};

QTEST_MAIN(TestWindowText)
#include "tst_window_text.moc"
