// The models page's view model, with real storage, real files and the real engine on the processor.

#include "app/models/model_view_model.h"
#include "core/chat/answer_settings.h"
#include "core/engine/inference_engine.h"
#include "core/storage/storage_thread.h"
#include "tests/support/gguf_parts.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using models::ModelLibrary;
using models::ModelViewModel;

class TestModelViewModel : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        auto storage = storage::StorageThread::open(m_dir->filePath(QStringLiteral("a.sqlite3")));
        QVERIFY2(storage, storage ? "" : storage.error().message.c_str());
        m_storage = std::move(*storage);
        m_settings = std::make_unique<storage::Settings>(*m_storage);
        m_settings->setValue(QStringLiteral("device"), QStringLiteral("cpu"));
        m_engine = std::make_unique<engine::InferenceEngine>();
    }

    void cleanup()
    {
        m_engine.reset();
        m_settings.reset();
        m_storage.reset();
    }

    void startsWithTheStarter()
    {
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        QAbstractItemModelTester tester(view.library(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(view.state(), ModelViewModel::None);
        view.restore();
        QCOMPARE(view.state(), ModelViewModel::Loading);
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(view.starterInUse());
        QCOMPARE(view.name(), QStringLiteral("Alcove Starter"));
        QVERIFY(!view.device().isEmpty());
        QVERIFY(!view.memoryText().isEmpty());
        QVERIFY(view.contextLength() > 0);
        QTRY_COMPARE(view.library()->rowCount(), 1);
        QVERIFY(view.library()->index(0).data(ModelLibrary::StarterRole).toBool());
        QVERIFY(view.library()->index(0).data(ModelLibrary::CurrentRole).toBool());
    }

    void opensAFileAndRemembersIt()
    {
        const QString copy = m_dir->filePath(QStringLiteral("my model.GGUF"));
        QVERIFY(QFile::copy(kStarter, copy));
        {
            ModelViewModel view(*m_engine, *m_settings, kStarter);
            QVERIFY(view.chooseFile(QUrl::fromLocalFile(copy)));
            QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
            QVERIFY(!view.starterInUse());
            QTRY_COMPARE(view.library()->rowCount(), 2);
        }
        ModelViewModel again(*m_engine, *m_settings, kStarter);
        again.restore();
        QTRY_COMPARE_WITH_TIMEOUT(again.state(), ModelViewModel::Ready, 60'000);
        QCOMPARE(again.path(), copy);
        again.remove(copy);
        QVERIFY(QFile::exists(copy)); // only the list forgets it
        QVERIFY(again.starterInUse());
        QTRY_COMPARE(again.library()->rowCount(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(again.state(), ModelViewModel::Ready, 60'000);
    }

    void refusesWhatIsNoModelFile()
    {
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        QVERIFY(!view.chooseFile(QUrl(QStringLiteral("https://example.org/a.gguf"))));
        QVERIFY(
            !view.chooseFile(QUrl::fromLocalFile(m_dir->filePath(QStringLiteral("none.gguf")))));
        QVERIFY(!view.chooseFile(QUrl::fromLocalFile(m_dir->path())));
    }

    void aDamagedFileSaysWhyAndTheStarterStillLoads()
    {
        const QString bad = m_dir->filePath(QStringLiteral("bad.gguf"));
        QFile file(bad);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("GGUF and then nothing of use");
        file.close();
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        QVERIFY(view.chooseFile(QUrl::fromLocalFile(bad)));
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Failed, 60'000);
        QVERIFY(!view.errorText().isEmpty());
        QTRY_COMPARE(view.library()->rowCount(), 2);
        QVERIFY(!view.library()->index(1).data(ModelLibrary::ProblemRole).toString().isEmpty());
        view.choose(kStarter);
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(view.errorText().isEmpty());
    }

    void whatRanBeforeGoesOnWhenTheChoiceCannot()
    {
        const QString bad = m_dir->filePath(QStringLiteral("bad.gguf"));
        QFile file(bad);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("GGUF and then nothing of use");
        file.close();
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        view.restore();
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(view.chooseFile(QUrl::fromLocalFile(bad)));
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(view.starterInUse());
        QVERIFY2(view.errorText().contains(QLatin1String("Alcove Starter"))
                     && view.errorText().contains(QLatin1String("bad")),
                 qPrintable(view.errorText()));
        // The next start does not begin with the file that failed.
        QCOMPARE(m_settings->value(QStringLiteral("lastModel")).toString(), kStarter);
        // It can answer.
        QSignalSpy answered(m_engine.get(), &engine::ChatEngine::generationFinished);
        engine::GenerateRequest request;
        request.id = 1;
        request.messages = {{engine::Role::User, QStringLiteral("Hello")}};
        request.maxTokens = 4;
        m_engine->generate(request);
        QTRY_COMPARE_WITH_TIMEOUT(answered.count(), 1, 60'000);

        view.retry();
        QCOMPARE(view.path(), bad);
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(!view.errorText().isEmpty());
        view.dismissError();
        QVERIFY(view.errorText().isEmpty());

        // So it is with settings that cannot be had, and with a load that is stopped.
        m_settings->setValue(QStringLiteral("device"), QStringLiteral("vulkan:99"));
        view.reload();
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(!view.errorText().isEmpty());
        m_settings->setValue(QStringLiteral("device"), QStringLiteral("cpu"));
        view.reload();
        view.cancel();
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QVERIFY(view.errorText().isEmpty());
    }

    void listsAFolder()
    {
        QVERIFY(QFile::copy(kStarter, m_dir->filePath(QStringLiteral("one.gguf"))));
        QVERIFY(QFile::copy(kStarter, m_dir->filePath(QStringLiteral("two.gguf"))));
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        view.addFolder(QUrl::fromLocalFile(m_dir->path()));
        QTRY_COMPARE(view.library()->rowCount(), 3);
    }

    void theFormatOfTheKvCacheIsTheSettings()
    {
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        QSignalSpy loaded(m_engine.get(), &engine::ChatEngine::loadFinished);
        std::vector<quint64> bytes;
        for (const char *format : {"f16", "q8_0", "q8_0/q4_0"}) {
            m_settings->setValue(QStringLiteral("kvFormat"), QString::fromLatin1(format));
            view.choose(kStarter);
            QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
            bytes.push_back(loaded.last().at(1).value<engine::LoadedModel>().memoryBytes);
        }
        QVERIFY(bytes[0] > bytes[1] && bytes[1] > bytes[2]);
    }

    void aModelsOwnSamplingIsTheDefault()
    {
        const auto whole = llm::GgufFile::open(kStarter.toStdString());
        QVERIFY(whole);
        auto parts = test::split(*whole, 1);
        parts[0]
            .remove("split.count")
            .f32("general.sampling.temp", 0.35f)
            .u32("general.sampling.top_k", 12)
            .f32("general.sampling.xtc_probability", 0.5f);
        const QString path = m_dir->filePath(QStringLiteral("own.gguf"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray::fromStdString(parts[0].bytes()));
        file.close();
        const auto value = [&](const char *key) {
            return m_settings->value(QString::fromLatin1(key)).toDouble();
        };
        const double standard = value("temperature");
        m_settings->setValue(QStringLiteral("topK"), 99);
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        view.choose(path);
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QCOMPARE(value("temperature"), 0.35);
        QCOMPARE(value("topK"), 99.0); // the user's own choice
        const auto options = chat::answerOptions(*m_settings, view.recommendedSampling());
        QCOMPARE(options.sampling.temperature, 0.35f);
        QCOMPARE(options.sampling.topK, 99u);
        QCOMPARE(options.sampling.xtcProbability, 0.5f); // no setting is for it
        view.choose(kStarter);
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QCOMPARE(value("temperature"), standard);
        QCOMPARE(
            chat::answerOptions(*m_settings, view.recommendedSampling()).sampling.xtcProbability,
            0.0f);
    }

    void aModelInSeveralFilesIsOne()
    {
        const auto whole = llm::GgufFile::open(kStarter.toStdString());
        QVERIFY(whole);
        const auto parts = test::split(*whole, 3);
        QStringList paths;
        for (int i = 0; i < 3; ++i) {
            paths << m_dir->filePath(QStringLiteral("s-0000%1-of-00003.gguf").arg(i + 1));
            QFile file(paths.last());
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(QByteArray::fromStdString(parts[std::size_t(i)].bytes()));
        }
        ModelViewModel view(*m_engine, *m_settings, kStarter);
        QVERIFY(view.chooseFile(QUrl::fromLocalFile(paths[1])));
        view.addFolder(QUrl::fromLocalFile(m_dir->path()));
        QTRY_COMPARE_WITH_TIMEOUT(view.state(), ModelViewModel::Ready, 60'000);
        QTRY_COMPARE(view.library()->rowCount(), 2);
        const QModelIndex row = view.library()->index(1);
        QCOMPARE(row.data(ModelLibrary::PathRole).toString(), paths[0]);
        QVERIFY(row.data(ModelLibrary::CurrentRole).toBool());
        QVERIFY(row.data(ModelLibrary::ProblemRole).toString().isEmpty());

        // Without one of them, the row says so.
        QVERIFY(QFile::remove(paths[2]));
        view.refreshLibrary();
        QTRY_VERIFY(view.library()
                        ->index(1)
                        .data(ModelLibrary::ProblemRole)
                        .toString()
                        .contains(QStringLiteral("s-00003-of-00003.gguf is missing")));
        QCOMPARE(view.library()->rowCount(), 2);
    }

private:
    const QString kStarter =
        QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf");
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<storage::StorageThread> m_storage;
    std::unique_ptr<storage::Settings> m_settings;
    std::unique_ptr<engine::InferenceEngine> m_engine;
};

QTEST_GUILESS_MAIN(TestModelViewModel)
#include "tst_model_view_model.moc"
