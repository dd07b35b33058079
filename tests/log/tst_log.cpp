#include "core/log/log.h"

#include <QDir>
#include <QLoggingCategory>
#include <QTemporaryDir>
#include <QTest>

#include <spdlog/spdlog.h>

#include <thread>
#include <vector>

using namespace alcove;

Q_LOGGING_CATEGORY(lcHarbour, "alcove.harbour")

namespace {

QString read(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

} // namespace

class TestLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void writesOwnAndQtMessages()
    {
        QTemporaryDir folder;
        log::Options options;
        options.path = folder.filePath(QStringLiteral("Lögs/alcove.log"));
        QVERIFY(log::start(options));
        spdlog::info("model {} loaded", "starter");
        spdlog::debug("too much detail");
        qCInfo(lcHarbour) << "from Qt" << 42;
        qCWarning(lcHarbour, "braces {} are only text: %d", 7);
        qCCritical(lcHarbour) << QString::fromUtf8("schlimm – 数据");
        log::write({ErrorCode::DiskFull, "The disk is full.", "SQLite 13"}, "storage");
        log::write({ErrorCode::Cancelled, "never seen", {}}, "engine");
        log::stop();
        qCInfo(lcHarbour) << "after the end"; // Qt's own handler again
        const QString text = read(options.path);
        const QStringList lines = text.split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        QCOMPARE(lines.size(), 5);
        QVERIFY2(lines[0].contains(QLatin1String("info")), qPrintable(lines[0]));
        QVERIFY2(lines[0].endsWith(QLatin1String("model starter loaded")), qPrintable(lines[0]));
        QVERIFY2(lines[1].endsWith(QLatin1String("alcove.harbour: from Qt 42")),
                 qPrintable(lines[1]));
        QVERIFY2(lines[2].contains(QLatin1String("warning")), qPrintable(lines[2]));
        QVERIFY2(lines[2].endsWith(QLatin1String("braces {} are only text: 7")),
                 qPrintable(lines[2]));
        QVERIFY2(lines[3].contains(QLatin1String("error")), qPrintable(lines[3]));
        QVERIFY2(lines[3].contains(QString::fromUtf8("数据")), qPrintable(lines[3]));
        QVERIFY2(lines[4].contains(QLatin1String("storage: The disk is full.")),
                 qPrintable(lines[4]));
        QVERIFY2(lines[4].contains(QLatin1String("SQLite 13")), qPrintable(lines[4]));
#ifndef _WIN32
        QCOMPARE(QFile::permissions(folder.filePath(QStringLiteral("Lögs")))
                     & (QFileDevice::ReadGroup | QFileDevice::ReadOther),
                 QFileDevice::Permissions());
#endif
    }

    void tellsDetailsWhenAsked()
    {
        QTemporaryDir folder;
        log::Options options;
        options.path = folder.filePath(QStringLiteral("alcove.log"));
        options.verbosity = log::Verbosity::Debug;
        QVERIFY(log::start(options));
        spdlog::debug("detail");
        log::stop();
        QVERIFY(read(options.path).contains(QLatin1String("detail")));
    }

    void rotates()
    {
        QTemporaryDir folder;
        log::Options options;
        options.path = folder.filePath(QStringLiteral("alcove.log"));
        options.fileBytes = 10'000;
        options.files = 3;
        QVERIFY(log::start(options));
        std::vector<std::thread> writers;
        for (int writer = 0; writer < 4; ++writer)
            writers.emplace_back([writer] {
                for (int i = 0; i < 300; ++i)
                    spdlog::info("writer {} line {} {}", writer, i, std::string(60, '.'));
            });
        for (std::thread &writer : writers)
            writer.join();
        spdlog::info("the last line");
        log::stop();
        const QStringList files =
            QDir(folder.path()).entryList(QDir::Files, QDir::Name | QDir::IgnoreCase);
        QCOMPARE(files.size(), 3);
        qint64 total = 0;
        for (const QString &name : files)
            total += QFileInfo(folder.filePath(name)).size();
        QVERIFY2(total > 15'000 && total <= 30'500, qPrintable(QString::number(total)));
        QVERIFY(read(options.path).contains(QLatin1String("the last line")));
    }

    void goesOnAfterARestart()
    {
        QTemporaryDir folder;
        log::Options options;
        options.path = folder.filePath(QStringLiteral("alcove.log"));
        for (const char *line : {"first run", "second run"}) {
            QVERIFY(log::start(options));
            spdlog::info(line);
            log::stop();
        }
        QVERIFY(read(options.path).contains(QLatin1String("first run")));
        QVERIFY(read(options.path).contains(QLatin1String("second run")));
    }

    void goesOnWithoutAFile()
    {
        QTemporaryDir folder;
        QFile blocker(folder.filePath(QStringLiteral("logs")));
        QVERIFY(blocker.open(QIODevice::WriteOnly));
        log::Options options;
        options.path = folder.filePath(QStringLiteral("logs/alcove.log")); // below a file
        const auto started = log::start(options);
        QVERIFY(!started);
        QCOMPARE(started.error().code, ErrorCode::Io);
        QVERIFY(!started.error().message.empty());
        spdlog::info("nowhere");
        log::stop();
    }
};

QTEST_APPLESS_MAIN(TestLog)
#include "tst_log.moc"
