// The commands about documents: index, search, ask, documents and extract, as the installed
// program.

#include "cli_process.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove::test;

namespace {

bool write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

} // namespace

class TestCliDocuments : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(QDir(m_folder->path()).mkpath(QStringLiteral("docs/.hidden")));
        QVERIFY(write(path("docs/station.md"),
                      "# River station\n\nThe station was built in 1931.\n\n## Costs\n\n"
                      "The pump cost 4,200 euros. \xF0\x9F\x98\x80 It was paid by the town.\n"));
        QVERIFY(write(path("docs/stock.csv"), "Part,Pieces\nValve,12\nPipe,310\n"));
        QVERIFY(write(path("docs/broken.docx"), "no archive at all"));
        QVERIFY(write(path("docs/.hidden/secret.txt"), "The pump is secret."));
        QVERIFY(write(path("docs/program.bin"), QByteArray(100, '\0')));
    }

    void extractIsWhatOffsetsCount()
    {
        const auto result = runCli({"extract", path("docs/station.md"), "--json"});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QCOMPARE(json.at("pages").size(), std::size_t(1));
        QVERIFY(json.at("pages")[0].at("page").is_null());
        QVERIFY(json.at("pages")[0].at("text").get<std::string>().starts_with("# River station\n"));
        const auto plain = runCli({"extract", path("docs/station.md")});
        QCOMPARE(plain.out.toStdString(), json.at("pages")[0].at("text").get<std::string>());

        const auto bad = runCli({"extract", path("docs/broken.docx"), "--json"});
        QCOMPARE(bad.exitCode, 1);
        QVERIFY(bad.out.isEmpty());
        QCOMPARE(bad.err.count('\n'), 1);
        QCOMPARE(runCli({"extract", path("docs/none.md")}).exitCode, 1);
        QCOMPARE(runCli({"extract"}).exitCode, 2);
    }

    void indexesAndFinds()
    {
        const auto indexed = index({path("docs")});
        QVERIFY2(indexed.exitCode == 0, indexed.err.constData());
        const auto json = indexed.json();
        QCOMPARE(json.at("indexed").get<int>(), 2);
        QCOMPARE(json.at("failed").get<int>(), 1);
        QCOMPARE(json.at("files").size(), std::size_t(3));
        QVERIFY(json.at("files")[0].at("document").get<std::string>().ends_with("broken.docx"));
        QCOMPARE(json.at("files")[0].at("status").get<std::string>(), std::string("failed"));
        QVERIFY(!json.at("files")[0].at("reason").get<std::string>().empty());
        QVERIFY(indexed.err.contains("broken.docx"));

        const auto found = search({"How much did the pump cost?", "-k", "3"});
        QVERIFY2(found.exitCode == 0, found.err.constData());
        const auto results = found.json().at("results");
        QVERIFY(!results.empty() && results.size() <= 3);
        const auto &best = results[0];
        QVERIFY(best.at("document").get<std::string>().ends_with("/docs/station.md"));
        QVERIFY(best.at("page").is_null());
        QVERIFY(best.at("heading").get<std::string>().find("Costs") != std::string::npos);
        QVERIFY(best.at("text").get<std::string>().find("4,200 euros") != std::string::npos);
        QVERIFY(best.at("score").get<double>() > 0);
        // The text is exactly the slice of what extract prints.
        const std::u32string points = wholeText("docs/station.md");
        for (const auto &one : results) {
            if (!one.at("document").get<std::string>().ends_with("station.md"))
                continue;
            const auto begin = one.at("start").get<std::size_t>();
            const auto end = one.at("end").get<std::size_t>();
            QCOMPARE(QString::fromStdU32String(points.substr(begin, end - begin)).toStdString(),
                     one.at("text").get<std::string>());
        }
        const auto row = search({"pieces of valve"}).json().at("results");
        QVERIFY(row[0].at("text").get<std::string>().find("Valve | 12") != std::string::npos);
        QVERIFY(search({"xylophone"}).json().at("results").empty());
        const auto text =
            runCli({"--data-dir", m_folder->filePath(QStringLiteral("data")), "search", "pump"});
        QVERIFY(text.out.contains("1. station.md"));
    }

    void onlyWhatChangedIsReadAgain()
    {
        QVERIFY(index({path("docs/station.md"), path("docs/stock.csv")}).exitCode == 0);
        auto again = index({path("docs/station.md"), path("docs/stock.csv")}).json();
        QCOMPARE(again.at("unchanged").get<int>(), 2);
        QVERIFY(write(path("docs/station.md"),
                      "# River station\n\nThe turbine was sold for a good price.\n"));
        again = index({path("docs")}).json();
        QCOMPARE(again.at("indexed").get<int>(), 1);
        QCOMPARE(again.at("unchanged").get<int>(), 1);
        QVERIFY(search({"pump"}).json().at("results").empty());
        QVERIFY(!search({"turbine"}).json().at("results").empty());
        // Moved: known by its content.
        QVERIFY(QFile::rename(path("docs/station.md"), path("docs/moved.md")));
        again = index({path("docs")}).json();
        QCOMPARE(again.at("moved").get<int>(), 1);
        const auto moved = search({"turbine"}).json().at("results");
        QCOMPARE(moved.size(), std::size_t(1));
        QVERIFY(moved[0].at("document").get<std::string>().ends_with("moved.md"));
    }

    void collectionsAreApart()
    {
        QVERIFY(index({path("docs/station.md"), "--collection", "River"}).exitCode == 0);
        QVERIFY(index({path("docs/stock.csv")}).exitCode == 0);
        QVERIFY(search({"valve", "--collection", "River"}).json().at("results").empty());
        QVERIFY(!search({"pump", "--collection", "River"}).json().at("results").empty());
        const auto list = runCli({"--data-dir", m_folder->filePath(QStringLiteral("data")),
                                  "documents", "--json"})
                              .json();
        QCOMPARE(list.at("documents").size(), std::size_t(2));
        QCOMPARE(list.at("documents")[1].at("collection").get<std::string>(), std::string("River"));
        QCOMPARE(list.at("documents")[1].at("state").get<std::string>(), std::string("ready"));
        QCOMPARE(list.at("documents")[1].at("language").get<std::string>(), std::string("en"));
        QVERIFY(list.at("documents")[1].at("passages").get<int>() >= 1);
    }

    void nothingReadableIsAFailure()
    {
        const auto bad = index({path("docs/broken.docx")});
        QCOMPARE(bad.exitCode, 1);
        QCOMPARE(bad.json().at("failed").get<int>(), 1);
        const auto none = index({path("nowhere")});
        QCOMPARE(none.exitCode, 1);
        QVERIFY(none.out.isEmpty());
        QCOMPARE(runCli({"index"}).exitCode, 2);
        QCOMPARE(runCli({"search"}).exitCode, 2);
        QCOMPARE(runCli({"search", "a", "-k", "0"}).exitCode, 2);
        QCOMPARE(runCli({"ask", starter(), "Question"}).exitCode, 2);
    }

    void asksAndSaysWhere()
    {
        const auto result =
            runCli({"--device", "cpu", "ask", starter(), "How much did the pump cost?", "--docs",
                    path("docs/station.md"), path("docs/stock.csv"), "--json", "--temperature", "0",
                    "--max-tokens", "40"});
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QVERIFY(!json.at("answer").get<std::string>().empty());
        QVERIFY(!json.at("passages").empty());
        QCOMPARE(json.at("weak_evidence").get<bool>(), false);
        QVERIFY(json.at("passages")[0].at("text").get<std::string>().find("4,200")
                != std::string::npos);
        const std::u32string points = wholeText("docs/station.md");
        for (const auto &citation : json.at("citations")) {
            if (!citation.at("document").get<std::string>().ends_with("station.md"))
                continue;
            const auto begin = citation.at("start").get<std::size_t>();
            const auto end = citation.at("end").get<std::size_t>();
            QCOMPARE(QString::fromStdU32String(points.substr(begin, end - begin)).toStdString(),
                     citation.at("text").get<std::string>());
        }
        for (const auto &sentence : json.at("sentences"))
            QCOMPARE(sentence.at("supported").get<bool>(), !sentence.at("citations").empty());
    }

private:
    QString path(const char *name) const { return m_folder->filePath(QString::fromLatin1(name)); }

    // What start and end count in.
    std::u32string wholeText(const char *name) const
    {
        const auto json = runCli({"extract", path(name), "--json"}).json();
        std::string whole;
        for (const auto &page : json.at("pages"))
            whole += page.at("text").get<std::string>();
        return QString::fromStdString(whole).toStdU32String();
    }

    CliResult index(const QStringList &words) const
    {
        return runCli(
            QStringList{"--data-dir", m_folder->filePath(QStringLiteral("data")), "index", "--json"}
            + words);
    }
    CliResult search(const QStringList &words) const
    {
        return runCli(QStringList{"--data-dir", m_folder->filePath(QStringLiteral("data")),
                                  "search", "--json"}
                      + words);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_GUILESS_MAIN(TestCliDocuments)
#include "tst_cli_documents.moc"
