#include "core/storage/data_folder.h"

#include <QCoreApplication>
#include <QDir>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#ifndef _WIN32
#include <unistd.h>
#endif

using namespace alcove;
using alcove::storage::DataFolder;

class TestDataFolder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isTheSystemsPlaceUnlessChosen()
    {
        QStandardPaths::setTestModeEnabled(true);
        QCOMPARE(DataFolder::resolve({}),
                 QStandardPaths::writableLocation(QStandardPaths::AppDataLocation));
        QVERIFY(QDir::isAbsolutePath(DataFolder::resolve({})));
        QCOMPARE(DataFolder::resolve(QStringLiteral("a/./b/")),
                 QDir::current().absoluteFilePath(QStringLiteral("a/b")));
    }

    void isCreatedForTheOwnerOnly()
    {
        QTemporaryDir place;
        const QString path = place.filePath(QStringLiteral("new ü/deep/er"));
        auto folder = DataFolder::open(path);
        QVERIFY(folder.has_value());
        QCOMPARE(folder->path(), path);
        QVERIFY(folder->databasePath().startsWith(path));
        QVERIFY(folder->logPath().startsWith(path));
        QVERIFY(folder->modelsPath().startsWith(path));
#ifndef _WIN32
        constexpr auto kOthers = QFileDevice::ReadGroup | QFileDevice::WriteGroup
            | QFileDevice::ExeGroup | QFileDevice::ReadOther | QFileDevice::WriteOther
            | QFileDevice::ExeOther;
        QCOMPARE(QFile::permissions(path) & kOthers, QFileDevice::Permissions());
        QCOMPARE(QFile::permissions(place.filePath(QStringLiteral("new ü"))) & kOthers,
                 QFileDevice::Permissions());
#endif
    }

    void isHeldByOne()
    {
        QTemporaryDir place;
        {
            auto first = DataFolder::open(place.path());
            QVERIFY(first.has_value());
            auto second = DataFolder::open(place.path());
            QVERIFY(!second);
            QCOMPARE(second.error().code, ErrorCode::Database);
            QVERIFY(second.error().message.find("already running") != std::string::npos);
            DataFolder moved = std::move(*first);
            QVERIFY(!DataFolder::open(place.path()));
        }
        QVERIFY(DataFolder::open(place.path()).has_value());
    }

    void isTakenOverFromTheDead()
    {
        // The process that held it ends without any clearing up.
        QTemporaryDir place;
        QProcess holder;
        holder.start(QCoreApplication::applicationFilePath(),
                     {QStringLiteral("--hold"), place.path()});
        QVERIFY(holder.waitForReadyRead(30'000));
        QVERIFY(!DataFolder::open(place.path()));
        holder.kill();
        QVERIFY(holder.waitForFinished());
        QVERIFY(QFile::exists(place.filePath(QStringLiteral("alcove.lock"))));
        QVERIFY(DataFolder::open(place.path()).has_value());
    }

    void saysWhyItCannotBeUsed()
    {
        QTemporaryDir place;
        QFile file(place.filePath(QStringLiteral("file")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        const auto below = DataFolder::open(place.filePath(QStringLiteral("file/folder")));
        QVERIFY(!below);
        QCOMPARE(below.error().code, ErrorCode::Io);
        QVERIFY(below.error().message.find("--data-dir") != std::string::npos);
        const auto itself = DataFolder::open(place.filePath(QStringLiteral("file")));
        QVERIFY(!itself);
#ifndef _WIN32
        if (geteuid() != 0) { // root may write everywhere
            QVERIFY(QDir(place.path()).mkdir(QStringLiteral("sealed")));
            const QString sealed = place.filePath(QStringLiteral("sealed"));
            QVERIFY(QFile::setPermissions(sealed, QFile::ReadOwner | QFile::ExeOwner));
            const auto refused = DataFolder::open(sealed);
            QVERIFY(!refused);
            QCOMPARE(refused.error().code, ErrorCode::Io);
            QFile::setPermissions(sealed, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        }
#endif
    }
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (argc == 3 && qstrcmp(argv[1], "--hold") == 0) {
        const auto folder = DataFolder::open(QString::fromLocal8Bit(argv[2]));
        std::printf(folder ? "held\n" : "refused\n");
        std::fflush(stdout);
        return QCoreApplication::exec();
    }
    TestDataFolder test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_data_folder.moc"
