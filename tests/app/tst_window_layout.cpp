// The window from narrow to wide and with large text: nothing sticks out of it and no two controls
// lie on each other. Run also at 150 and 200 % scale. And its colours follow the system's.

#include "window_test.h"

#include <QPalette>
#include <QQmlComponent>

using namespace alcove;
using shell::ShellViewModel;
using test::find;

class TestWindowLayout : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void everythingHasRoom_data()
    {
        QTest::addColumn<QSize>("size");
        QTest::addColumn<double>("text");
        QTest::newRow("480") << QSize(480, 560) << 1.0;
        QTest::newRow("480, large text") << QSize(480, 560) << 1.5;
        QTest::newRow("480, largest text") << QSize(480, 720) << 2.0;
        QTest::newRow("760") << QSize(760, 600) << 1.0;
        QTest::newRow("1120") << QSize(1120, 780) << 1.0;
        QTest::newRow("1120, largest text") << QSize(1120, 780) << 2.0;
        QTest::newRow("2560") << QSize(2560, 1440) << 1.0;
    }

    void everythingHasRoom()
    {
        QFETCH(QSize, size);
        QFETCH(double, text);
        const qreal scale = qEnvironmentVariable("QT_SCALE_FACTOR", QStringLiteral("1")).toDouble();
        QCOMPARE(m_window->devicePixelRatio(), scale);
        m_choices->setFontScale(text);
        m_engine->reasoning = QStringLiteral("A thought about it.");
        m_engine->answer = QStringLiteral(
            "# A heading that is long enough to be broken into several lines\n\n"
            "A paragraph with [a link](https://example.org/a/rather/long/address/that/goes/on) and "
            "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsentwurf.\n\n"
            "| One | Two | Three | Four |\n|---|---|---|---|\n| a longer cell | b | c | d |\n\n"
            "```cpp\nint aVeryLongLineOfCodeThatNeverEnds = somethingElse + anotherThing + more;\n"
            "```\n\n> A quotation\n\n1. one\n   - two\n     - three\n");
        m_window->resize(size);
        QTRY_COMPARE(m_window->size(), size);
        m_chat->setDraft(QStringLiteral("a question with some words"));
        check(ShellViewModel::ChatPage, "an empty chat");
        send(m_chat->draft());
        m_window->grabWindow();
        check(ShellViewModel::ChatPage, "a chat");
        check(ShellViewModel::ModelsPage, "models");
        check(ShellViewModel::SettingsPage, "settings");
        check(ShellViewModel::HelpPage, "help");
        // What lies over the pages of a narrow window.
        m_shell->setPage(ShellViewModel::ChatPage);
        if (size.width() < 760) {
            QTest::keyClick(m_window, 'K', Qt::ControlModifier);
            QTRY_VERIFY(find(root(), QAccessible::List, QStringLiteral("Chats")));
            QQuickItem *sidebar = test::itemNamed(overlay(), "Sidebar");
            QVERIFY(sidebar);
            QTRY_COMPARE(sidebar->mapToScene({0, 0}).x(), 0.0); // it has slid in
            check(ShellViewModel::ChatPage, "the sidebar", sidebar);
            QTest::keyClick(m_window, Qt::Key_Escape);
            QTRY_VERIFY(!sidebar->isVisible());
        }
        m_engine->loads = false;
        m_models->reload();
        emit m_engine->loadFailed(m_engine->loading(),
                                  {ErrorCode::InvalidFile,
                                   "This file ends before all of its weights; download it again.",
                                   "tensor 3"});
        check(ShellViewModel::ChatPage, "a model that failed");
        check(ShellViewModel::ModelsPage, "the page of a model that failed");
        noWarnings();
    }

    void coloursFollowTheSystem()
    {
        const QPalette before = QGuiApplication::palette();
        const auto back = qScopeGuard([before] { QGuiApplication::setPalette(before); });
        const auto system = [](const QColor &window, const QColor &words) {
            QPalette palette;
            palette.setColor(QPalette::Window, window);
            palette.setColor(QPalette::WindowText, words);
            QGuiApplication::setPalette(palette);
        };
        const auto shown = [this] { return m_window->grabWindow().pixelColor(600, 300); };
        QCOMPARE(m_choices->theme(), QStringLiteral("system")); // unless another is chosen
        system(Qt::white, Qt::black);
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#FFFFFF")));
        system(Qt::black, Qt::white);
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#15171B")));
        system(Qt::white, Qt::black);
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#FFFFFF")));

        // Chosen in the settings: dark, whatever the system does.
        chooseTheme(2, QStringLiteral("dark"));
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#15171B")));
        system(Qt::black, Qt::white);
        chooseTheme(1, QStringLiteral("light"));
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#FFFFFF")));
        chooseTheme(0, QStringLiteral("system"));
        QTRY_COMPARE(shown(), QColor(QStringLiteral("#15171B")));
        noWarnings();
    }

private:
    void chooseTheme(int row, const QString &mode)
    {
        QTest::keyClick(m_window, Qt::Key_Comma, Qt::ControlModifier);
        QTRY_VERIFY(find(root(), QAccessible::ComboBox, QStringLiteral("Theme")));
        auto *box = qobject_cast<QQuickItem *>(
            find(root(), QAccessible::ComboBox, QStringLiteral("Theme"))->object());
        QVERIFY(box);
        box->forceActiveFocus(Qt::TabFocusReason);
        QTest::keyClick(m_window, Qt::Key_Return);
        for (int i = 0; i < 3; ++i)
            QTest::keyClick(m_window, Qt::Key_Up);
        for (int i = 0; i < row; ++i)
            QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(m_choices->theme(), mode);
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_COMPARE(m_shell->page(), ShellViewModel::ChatPage);
    }

    QQuickItem *overlay() const
    {
        return test::itemNamed(m_window->contentItem(), "QQuickOverlay");
    }
    void check(ShellViewModel::Page page, const char *what, QQuickItem *top = nullptr)
    {
        m_shell->setPage(page);
        QTest::qWait(50);
        m_window->grabWindow();
        m_faults.clear();
        m_controls.clear();
        const QRectF all({0, 0}, QSizeF(m_window->size()));
        walk(top ? top : m_window->contentItem(), all);
        for (qsizetype i = 0; i < m_controls.size(); ++i) {
            for (qsizetype j = i + 1; j < m_controls.size(); ++j) {
                const auto &[a, one] = m_controls[i];
                const auto &[b, two] = m_controls[j];
                const QRectF both = one & two;
                if (both.width() > 1 && both.height() > 1 && !a->isAncestorOf(b)
                    && !b->isAncestorOf(a))
                    m_faults << named(a) + QStringLiteral(" lies on ") + named(b);
            }
        }
        QVERIFY2(m_faults.isEmpty(),
                 qPrintable(QLatin1String(what) + QStringLiteral(":\n") + m_faults.join(u'\n')));
    }

    // Everything that can be seen, and where: what scrolls sideways may be wider than its place.
    void walk(QQuickItem *item, const QRectF &sight)
    {
        if (!item->isVisible() || item->opacity() < 0.01)
            return;
        const QRectF place = item->mapRectToScene({0, 0, item->width(), item->height()});
        QRectF seen = sight;
        if (item->clip()) {
            seen = sight & place;
            if (item->property("contentWidth").isValid()
                && item->property("contentWidth").toReal() > item->width() + 1)
                return;
        }
        // Rows that are kept ready outside of what scrolls are not to be seen.
        if (item->flags().testFlag(QQuickItem::ItemHasContents) && item->width() > 0
            && place.intersects(sight)
            && (place.left() < sight.left() - 2.5 || place.right() > sight.right() + 2.5))
            m_faults << QStringLiteral("%1 from %2 to %3")
                            .arg(named(item))
                            .arg(place.left())
                            .arg(place.right());
        if (item->isEnabled() && item->activeFocusOnTab() && place.intersects(seen)
            && item->inherits("QQuickAbstractButton"))
            m_controls.append({item, place & seen});
        const auto children = item->childItems();
        for (QQuickItem *child : children)
            walk(child, seen);
    }
    static QString named(QQuickItem *item)
    {
        return QString::fromLatin1(item->metaObject()->className()).section(u'_', 0, 0) + u' '
            + item->property("text").toString().left(60);
    }

    QStringList m_faults;
    QList<std::pair<QQuickItem *, QRectF>> m_controls;
};

QTEST_MAIN(TestWindowLayout)
#include "tst_window_layout.moc"
