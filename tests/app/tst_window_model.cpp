// What the window says of the model: loading, ready and where, or why not; that the starter is in
// use; and the ways from there.

#include "window_test.h"

using namespace alcove;
using test::find;
using test::itemNamed;
using test::itemsNamed;

class TestWindowModel : public test::WindowTest
{
    Q_OBJECT
private Q_SLOTS:
    void theHeaderSaysHowTheModelIs()
    {
        QTRY_COMPARE(header(), QStringLiteral("Fixed|Processor"));
        QCOMPARE(spoken(), QStringLiteral("Model: Fixed. Ready, on Processor"));

        m_engine->loads = false;
        m_models->reload();
        emit m_engine->loadProgress(m_engine->loading(), 0.37);
        QTRY_COMPARE(header(), QString::fromUtf8("Alcove Starter|Loading, 37 %"));
        QCOMPARE(spoken(), QStringLiteral("Model: Alcove Starter. Loading, 37 %"));
        emit m_engine->loadProgress(m_engine->loading(), 0.8);
        QTRY_COMPARE(header(), QStringLiteral("Alcove Starter|Loading, 80 %"));

        // First the model goes back to how it ran before; that cannot be had either.
        emit m_engine->loadFailed(m_engine->loading(),
                                  {ErrorCode::OutOfMemory, "It is too large.", {}});
        QTRY_COMPARE(header(), QStringLiteral("Alcove Starter|Loading, 0 %"));
        emit m_engine->loadFailed(m_engine->loading(),
                                  {ErrorCode::InvalidFile, "It is damaged.", "tensor 3"});
        QTRY_COMPARE(header(), QStringLiteral("Alcove Starter|Could not be loaded"));
        QCOMPARE(spoken(), QStringLiteral("Model: Alcove Starter. Could not be loaded"));
        QTRY_VERIFY(find(root(), QAccessible::AlertMessage, QStringLiteral("It is damaged.")));
        const quint64 before = m_engine->loading();
        click(QStringLiteral("Try again"));
        QVERIFY(m_engine->loading() != before);

        m_engine->finishLoad(QStringLiteral("NVIDIA GeForce RTX 4070"));
        QTRY_COMPARE(header(), QStringLiteral("Fixed|RTX 4070"));
        QCOMPARE(spoken(), QStringLiteral("Model: Fixed. Ready, on NVIDIA GeForce RTX 4070"));
        QVERIFY(!find(root(), QAccessible::AlertMessage, QStringLiteral("It is damaged.")));
        noWarnings();
    }

    void anotherModelIsChosenInTheHeader()
    {
        const QString copy = m_dir->filePath(QStringLiteral("other.gguf"));
        QVERIFY(QFile::copy(kStarter, copy));
        m_models->addFolder(QUrl::fromLocalFile(m_dir->path()));
        QTRY_COMPARE(m_models->library()->rowCount(), 2);
        QTest::keyClick(m_window, 'M', Qt::ControlModifier);
        QTRY_COMPARE(entries().size(), 4); // two models, a file, the page
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_COMPARE(entries().size(), 0);
        clickItem(picker());
        QTRY_COMPARE(entries().size(), 4);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Down);
        QTest::keyClick(m_window, Qt::Key_Return);
        QTRY_COMPARE(m_models->path(), copy);
        QTRY_COMPARE(m_models->state(), models::ModelViewModel::Ready);
        noWarnings();
    }

    void theStarterIsCalledOne()
    {
        const QString words = QStringLiteral(
            "The starter model is a demonstration: outside a few topics it is mostly wrong.");
        QTRY_VERIFY(text(words));
        // One line of text.
        auto *notice = qobject_cast<QQuickItem *>(text(words)->object());
        QVERIFY2(notice->height() < 50, qPrintable(QString::number(notice->height())));
        click(QStringLiteral("Get a real model"));
        QCOMPARE(m_shell->page(), shell::ShellViewModel::ModelsPage);
        QTRY_VERIFY(find(root(), QAccessible::Heading, QStringLiteral("Get a real model")));
        QVERIFY(button(QStringLiteral("Open a model file")));
        QTest::keyClick(m_window, Qt::Key_Escape);
        QTRY_COMPARE(m_shell->page(), shell::ShellViewModel::ChatPage);

        // Not of any other model.
        const QString copy = m_dir->filePath(QStringLiteral("other.gguf"));
        QVERIFY(QFile::copy(kStarter, copy));
        QVERIFY(m_models->chooseFile(QUrl::fromLocalFile(copy)));
        QTRY_COMPARE(m_models->state(), models::ModelViewModel::Ready);
        QTRY_VERIFY(!text(words));
        noWarnings();
    }

private:
    QQuickItem *picker() const { return itemNamed(m_window->contentItem(), "ModelPicker"); }
    // What can be read in it.
    QString header() const
    {
        QStringList words;
        for (QQuickItem *item : itemsNamed(picker(), "QQuickText")) {
            if (item->isVisible() && !item->property("text").toString().isEmpty())
                words << item->property("text").toString();
        }
        return words.join(u'|');
    }
    QString spoken() const
    {
        return QAccessible::queryAccessibleInterface(picker())->text(QAccessible::Name);
    }
    QList<QQuickItem *> entries() const
    {
        QList<QQuickItem *> shown = itemsNamed(m_window->contentItem(), "ContextMenuItem");
        shown.removeIf([](QQuickItem *item) { return !item->isVisible(); });
        return shown;
    }
};

QTEST_MAIN(TestWindowModel)
#include "tst_window_model.moc"
