#include "core/storage/settings.h"
#include "core/storage/settings_rules.h"
#include "core/storage/storage_thread.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <limits>

using namespace alcove;
using namespace alcove::storage;

namespace {

constexpr int kPatience = 20'000; // ms

struct Fixture {
    QTemporaryDir folder;
    std::unique_ptr<StorageThread> storage;
    std::unique_ptr<Settings> settings;

    Fixture() { restart(); }
    void restart()
    {
        settings.reset();
        storage.reset();
        auto opened = StorageThread::open(folder.filePath(QStringLiteral("alcove.sqlite3")));
        if (!opened)
            qFatal("%s", opened.error().message.c_str());
        storage = std::move(*opened);
        settings = std::make_unique<Settings>(*storage);
    }
    QVariant value(const char *key) const { return settings->value(QString::fromLatin1(key)); }
    void set(const char *key, const QVariant &value)
    {
        settings->setValue(QString::fromLatin1(key), value);
    }
    // As another version, or another program, might have left it.
    void store(const char *key, const char *json)
    {
        storage->runBlocking([&](Store &open) {
            (void)open.database().run("INSERT INTO settings VALUES (?1, ?2)",
                                      QString::fromLatin1(key), QString::fromUtf8(json));
        });
    }
};

} // namespace

class TestSettings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void startsWithTheDefaults()
    {
        Fixture f;
        QVERIFY(!f.settings->loadError());
        QCOMPARE(f.value("device").toString(), QStringLiteral("auto"));
        QCOMPARE(f.value("threads").toLongLong(), 0);
        QCOMPARE(f.value("contextLength").toLongLong(), 0);
        QCOMPARE(f.value("kvFormat").toString(), QStringLiteral("f16"));
        QCOMPARE(f.value("temperature").toDouble(), 0.8);
        QCOMPARE(f.value("topK").toLongLong(), 40);
        QCOMPARE(f.value("topP").toDouble(), 0.95);
        QCOMPARE(f.value("minP").toDouble(), 0.05);
        QCOMPARE(f.value("repeatPenalty").toDouble(), 1.0);
        QCOMPARE(f.value("presencePenalty").toDouble(), 0.0);
        QCOMPARE(f.value("frequencyPenalty").toDouble(), 0.0);
        QCOMPARE(f.value("seed").toLongLong(), -1);
        QCOMPARE(f.value("maxTokens").toLongLong(), 0);
        QCOMPARE(f.value("systemPrompt").toString(), QString());
        QCOMPARE(f.value("theme").toString(), QStringLiteral("system"));
        QCOMPARE(f.value("fontScale").toDouble(), 1.0);
        QCOMPARE(f.value("sendWithEnter").toBool(), true);
        QCOMPARE(f.value("lastModel").toString(), QString());
        QCOMPARE(f.value("modelFolders").toStringList(), QStringList());
        QVERIFY(!f.value("window.width").isValid());
        QCOMPARE(f.settings->value(QStringLiteral("window.width"), 1120).toInt(), 1120);
    }

    void keepsWhatIsAllowed_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QVariant>("value");
        int number = 0;
        const auto row = [&number](const char *key, const QVariant &value) {
            QTest::addRow("%s %d", key, number++) << QString::fromLatin1(key) << value;
        };
        for (const char *device : {"auto", "cpu", "vulkan", "vulkan:0", "vulkan:12"})
            row("device", QString::fromLatin1(device));
        row("threads", 16);
        row("threads", 16.0); // QML's numbers
        row("contextLength", 128);
        for (const char *format : {"f16", "q8_0", "q8_0/q4_0"})
            row("kvFormat", QString::fromLatin1(format));
        row("contextLength", 1 << 20);
        row("temperature", 0);
        row("temperature", 2.0);
        row("temperature", 0.1);
        row("topK", 1000u);
        row("presencePenalty", -2.0);
        row("seed", qint64(1) << 53);
        row("systemPrompt", QString::fromUtf8("Grüße \"quoted\" \\ \n 数据 \U0001F600"));
        row("theme", QStringLiteral("dark"));
        row("fontScale", 0.75);
        row("sendWithEnter", false);
        row("lastModel", QStringLiteral("/models/a b.gguf"));
        row("modelFolders", QStringList{QStringLiteral("/a"), QStringLiteral("/b")});
        row("modelFolders", QVariantList{QStringLiteral("/a")});
        row("window.width", 1120);
        row("window.maximized", true);
        row("window.place", QVariantMap{{QStringLiteral("x"), 3.5}});
    }

    void keepsWhatIsAllowed()
    {
        QFETCH(QString, key);
        QFETCH(QVariant, value);
        Fixture f;
        QSignalSpy changed(f.settings.get(), &Settings::changed);
        QSignalSpy failed(f.settings.get(), &Settings::saveFailed);
        f.settings->setValue(key, value);
        QCOMPARE(failed.count(), 0);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(changed.at(0).at(0).toString(), key);
        const QVariant kept = f.settings->value(key);
        f.settings->setValue(key, value); // the same again is no change
        QCOMPARE(changed.count(), 1);
        f.restart();
        const QVariant read = f.settings->value(key);
        if (value.typeId() != QMetaType::QVariantList)
            QCOMPARE(read.toString(), value.toString());
        QCOMPARE(read.toStringList(), value.toStringList());
        QCOMPARE(read.toMap(), value.toMap());
        if (settingDefault(key).isValid()) {
            QCOMPARE(kept.typeId(), settingDefault(key).typeId());
            QCOMPARE(read.typeId(), settingDefault(key).typeId());
        }
        f.settings->remove(key);
        QCOMPARE(f.settings->value(key), settingDefault(key));
        f.restart();
        QCOMPARE(f.settings->value(key), settingDefault(key));
    }

    void refusesTheRest_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QVariant>("value");
        int number = 0;
        const auto row = [&number](const char *key, const QVariant &value) {
            QTest::addRow("%s %d", key, number++) << QString::fromLatin1(key) << value;
        };
        for (const char *device : {"", "gpu", "vulkan:", "vulkan:x", "vulkan:123", "cpu ", "cpu\n"})
            row("device", QString::fromLatin1(device));
        row("device", 1);
        row("threads", -1);
        row("threads", 1025);
        row("threads", 1.5);
        row("threads", QStringLiteral("4"));
        row("threads", true);
        row("contextLength", 127);
        row("kvFormat", QStringLiteral("q4_0"));
        row("contextLength", (1 << 20) + 1);
        row("temperature", -0.01);
        row("temperature", 2.01);
        row("temperature", std::numeric_limits<double>::quiet_NaN());
        row("temperature", std::numeric_limits<double>::infinity());
        row("temperature", QVariant());
        row("seed", -2);
        row("seed", 1e300);
        row("topP", 1.001);
        row("systemPrompt", QString(100'001, QLatin1Char('x')));
        row("systemPrompt", 5);
        row("theme", QStringLiteral("blue"));
        row("fontScale", 0.5);
        row("sendWithEnter", 1);
        row("sendWithEnter", QStringLiteral("true"));
        row("modelFolders", QStringLiteral("/a"));
        row("modelFolders", QVariantList{1, 2});
        row("modelFolders", QStringList(300, QStringLiteral("/a")));
        row("window.width", QVariant());
        row("nonsense", 1);
        row("", 1);
    }

    // What the loaded model recommends lies under what the user has chosen.
    void takesOtherDefaults()
    {
        Fixture f;
        const double standard = f.value("temperature").toDouble();
        f.set("topK", 7);
        QSignalSpy changed(f.settings.get(), &Settings::changed);
        f.settings->setDefaults({{QStringLiteral("temperature"), 0.25},
                                 {QStringLiteral("topK"), 20},
                                 {QStringLiteral("topP"), 7.5}}); // no such thing
        QCOMPARE(f.value("temperature").toDouble(), 0.25);
        QCOMPARE(f.value("topK").toInt(), 7);
        QVERIFY(f.value("topP").toDouble() <= 1);
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed.first().first().toString(), QStringLiteral("temperature"));
        f.set("temperature", 0.5);
        QCOMPARE(f.value("temperature").toDouble(), 0.5);
        f.settings->remove(QStringLiteral("temperature"));
        QCOMPARE(f.value("temperature").toDouble(), 0.25);
        f.settings->remove(QStringLiteral("topK"));
        QCOMPARE(f.value("topK").toInt(), 20);
        changed.clear();
        f.settings->setDefaults({});
        QCOMPARE(f.value("temperature").toDouble(), standard);
        QCOMPARE(changed.size(), 2);
        f.settings->setDefaults({{QStringLiteral("temperature"), 0.25}});
        f.restart();
        QCOMPARE(f.value("temperature").toDouble(), standard); // never saved
    }

    void refusesTheRest()
    {
        QFETCH(QString, key);
        QFETCH(QVariant, value);
        Fixture f;
        QSignalSpy changed(f.settings.get(), &Settings::changed);
        QSignalSpy failed(f.settings.get(), &Settings::saveFailed);
        const QVariant before = f.settings->value(key);
        f.settings->setValue(key, value);
        QCOMPARE(changed.count(), 0);
        QCOMPARE(failed.count(), 1);
        const auto error = failed.at(0).at(0).value<Error>();
        QCOMPARE(error.code, ErrorCode::InvalidArgument);
        QVERIFY(QString::fromStdString(error.message).endsWith(QLatin1Char('.')));
        QCOMPARE(f.settings->value(key), before);
        f.restart();
        QCOMPARE(f.settings->value(key), before);
    }

    void ignoresStoredNonsense()
    {
        Fixture f;
        f.store("temperature", "17");
        f.store("threads", "\"many\"");
        f.store("theme", "{");
        f.store("topK", "[1,2],3");
        f.store("device", "null");
        f.store("fontScale", "1.5");
        f.store("unknown", "1");
        f.store("seed", "");
        f.restart();
        QVERIFY(!f.settings->loadError());
        for (const char *key : {"temperature", "threads", "theme", "topK", "device", "seed"})
            QCOMPARE(f.value(key), settingDefault(QString::fromLatin1(key)));
        QCOMPARE(f.value("fontScale").toDouble(), 1.5);
        QVERIFY(!f.value("unknown").isValid());
        // A stored value that is not understood is replaced as usual.
        f.set("temperature", 0.5);
        f.restart();
        QCOMPARE(f.value("temperature").toDouble(), 0.5);
    }

    void reportsAFullDisk()
    {
        Fixture f;
        f.storage->runBlocking(
            [](Store &store) { (void)store.database().execute("PRAGMA max_page_count = 1"); });
        QSignalSpy failed(f.settings.get(), &Settings::saveFailed);
        f.set("systemPrompt", QString(90'000, QLatin1Char('x')));
        QVERIFY(failed.count() > 0 || failed.wait(kPatience));
        QCOMPARE(failed.at(0).at(0).value<Error>().code, ErrorCode::DiskFull);
        QCOMPARE(f.value("systemPrompt").toString().size(), 90'000); // in use all the same
    }

    void saysWhyTheyCannotBeRead()
    {
        Fixture f;
        f.storage->runBlocking(
            [](Store &store) { (void)store.database().execute("DROP TABLE settings"); });
        Settings settings(*f.storage);
        QVERIFY(settings.loadError().has_value());
        QCOMPARE(settings.value(QStringLiteral("theme")).toString(), QStringLiteral("system"));
    }
};

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
