#include "app/settings/settings_view_model.h"
#include "core/storage/storage_thread.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using settings::DeviceListModel;
using settings::SettingsViewModel;

class TestSettingsViewModel : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        open();
    }

    void cleanup()
    {
        m_settings.reset();
        m_storage.reset();
    }

    void savesAtOnce()
    {
        {
            SettingsViewModel view(*m_settings, m_dir->path());
            view.setTheme(QStringLiteral("dark"));
            view.setTemperature(0.25);
            view.setContextLength(8192);
            view.setSeed(QStringLiteral("42"));
            view.setSystemPrompt(QStringLiteral("Be brief."));
            view.setSendWithEnter(false);
        }
        cleanup();
        open();
        SettingsViewModel view(*m_settings, m_dir->path());
        QCOMPARE(view.theme(), QStringLiteral("dark"));
        QCOMPARE(view.temperature(), 0.25);
        QCOMPARE(view.contextLength(), 8192);
        QCOMPARE(view.seed(), QStringLiteral("42"));
        QCOMPARE(view.systemPrompt(), QStringLiteral("Be brief."));
        QVERIFY(!view.sendWithEnter());
    }

    void refusesWhatIsOutOfRange()
    {
        SettingsViewModel view(*m_settings, m_dir->path());
        const double before = view.temperature();
        QSignalSpy changed(&view, &SettingsViewModel::changed);
        view.setTemperature(9);
        QTRY_VERIFY(!view.errorText().isEmpty());
        QCOMPARE(view.temperature(), before);
        QVERIFY(!changed.isEmpty()); // so that the control goes back
        view.setTemperature(1);
        QVERIFY(view.errorText().isEmpty());
        view.setSeed(QStringLiteral("lucky"));
        QVERIFY(!view.errorText().isEmpty());
        QCOMPARE(view.seed(), QString());
    }

    void tellsWhenTheModelMustLoadAgain()
    {
        SettingsViewModel view(*m_settings, m_dir->path());
        QSignalSpy reload(&view, &SettingsViewModel::loadSettingsChanged);
        view.setTopK(7);
        QCOMPARE(reload.size(), 0);
        view.setThreads(2);
        view.setDevice(QStringLiteral("cpu"));
        view.setContextLength(1024);
        QCOMPARE(reload.size(), 3);
    }

    void resetsTheSamplingAlone()
    {
        SettingsViewModel view(*m_settings, m_dir->path());
        const int standard = view.topK();
        view.setTopK(standard + 5);
        view.setTheme(QStringLiteral("light"));
        view.resetSampling();
        QCOMPARE(view.topK(), standard);
        QCOMPARE(view.theme(), QStringLiteral("light"));
    }

    void listsTheDevices()
    {
        engine::DeviceList list;
        engine::DeviceOption card;
        card.kind = engine::DeviceKind::Discrete;
        card.name = "Example GPU";
        card.memoryBytes = 8ull << 30;
        engine::DeviceOption broken;
        broken.kind = engine::DeviceKind::Integrated;
        broken.vulkanIndex = 1;
        broken.name = "Old GPU";
        broken.problem = "It lacks Vulkan 1.2.";
        engine::DeviceOption processor;
        processor.name = "Processor";
        list.devices = {card, broken, processor};
        DeviceListModel model([list] { return list; }, nullptr);
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(model.rowCount(), 1); // automatic is there at once
        model.refresh();
        QVERIFY(model.loading());
        QTRY_VERIFY(!model.loading());
        QCOMPARE(model.rowCount(), 4);
        QCOMPARE(model.index(1).data(DeviceListModel::IdRole).toString(),
                 QStringLiteral("vulkan:0"));
        QVERIFY(model.index(1).data(DeviceListModel::UsableRole).toBool());
        QVERIFY(!model.index(2).data(DeviceListModel::UsableRole).toBool());
        QCOMPARE(model.index(2).data(DeviceListModel::DetailRole).toString(),
                 QStringLiteral("It lacks Vulkan 1.2."));
        QVERIFY(model.index(0).data(DeviceListModel::ChosenRole).toBool());
        model.setChosen(QStringLiteral("cpu"));
        QVERIFY(model.index(3).data(DeviceListModel::ChosenRole).toBool());
        QVERIFY(!model.index(0).data(DeviceListModel::ChosenRole).toBool());
    }

    void findsTheProcessorOfThisMachine()
    {
        SettingsViewModel view(*m_settings, m_dir->path());
        view.findDevices();
        QTRY_VERIFY_WITH_TIMEOUT(!view.devices()->loading(), 60'000);
        const int last = view.devices()->rowCount() - 1;
        QVERIFY(last >= 1);
        QCOMPARE(view.devices()->index(last).data(DeviceListModel::IdRole).toString(),
                 QStringLiteral("cpu"));
    }

private:
    void open()
    {
        auto storage = storage::StorageThread::open(m_dir->filePath(QStringLiteral("a.sqlite3")));
        QVERIFY2(storage, storage ? "" : storage.error().message.c_str());
        m_storage = std::move(*storage);
        m_settings = std::make_unique<storage::Settings>(*m_storage);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<storage::StorageThread> m_storage;
    std::unique_ptr<storage::Settings> m_settings;
};

QTEST_GUILESS_MAIN(TestSettingsViewModel)
#include "tst_settings_view_model.moc"
