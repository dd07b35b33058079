#include "core/base/mapped_file.h"

#include <QTemporaryDir>
#include <QTest>

using namespace alcove;

class TestMappedFile : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsTheBytes()
    {
        const QString path = m_dir.filePath(QStringLiteral("Grüße.bin"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("abc");
        file.close();
        auto mapped = MappedFile::open(path.toStdString());
        QVERIFY(mapped);
        QCOMPARE(mapped->bytes().size(), 3u);
        QCOMPARE(char(mapped->bytes()[2]), 'c');
        MappedFile moved = std::move(*mapped);
        QCOMPARE(moved.bytes().size(), 3u);
        QVERIFY(mapped->bytes().empty());
    }

    void acceptsAnEmptyFile()
    {
        const QString path = m_dir.filePath(QStringLiteral("empty"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.close();
        auto mapped = MappedFile::open(path.toStdString());
        QVERIFY(mapped);
        QVERIFY(mapped->bytes().empty());
    }

    void saysWhatIsWrong()
    {
        auto missing = MappedFile::open(m_dir.filePath(QStringLiteral("none")).toStdString());
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        auto folder = MappedFile::open(m_dir.path().toStdString());
        QVERIFY(!folder);
        QVERIFY(!folder.error().message.empty());
    }

private:
    QTemporaryDir m_dir;
};

QTEST_APPLESS_MAIN(TestMappedFile)
#include "tst_mapped_file.moc"
