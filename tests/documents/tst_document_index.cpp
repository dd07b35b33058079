// Documents in a real database: put in, found by words and vectors, changed, taken out.

#include "core/documents/citations.h"
#include "core/documents/retrieval.h"
#include "document_support.h"

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

QStringList textsOf(const std::vector<Hit> &hits)
{
    QStringList texts;
    for (const Hit &hit : hits)
        texts << hit.text;
    return texts;
}

} // namespace

class TestDocumentIndex : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_own = std::make_unique<TemporaryIndex>();
        QVERIFY(m_own->open());
    }

    void findsByStems()
    {
        fill();
        QCOMPARE(first("How much did the pumps cost?"),
                 QStringLiteral(
                     "The pump cost 4,200 euros in 2023, which was more than was planned for it."));
        QCOMPARE(first("4200"),
                 QStringLiteral(
                     "The pump cost 4,200 euros in 2023, which was more than was planned for it."));
        QCOMPARE(first("Kündigungsfrist"),
                 QStringLiteral("Die Kündigungsfristen betragen für alle Mieter der Häuser drei "
                                "Monate zum Ende des Jahres."));
        QCOMPARE(first("kundigungsfristen"),
                 QStringLiteral("Die Kündigungsfristen betragen für alle Mieter der Häuser drei "
                                "Monate zum Ende des Jahres."));
        QCOMPARE(first(QStringLiteral("据库")),
                 QStringLiteral("这个数据库很大，它保存所有的文件和所有的照片。"));
    }

    void findsWhatIsSpelledAlmostRight()
    {
        fill();
        QCOMPARE(first("pumpp"), first("pump"));
        QCOMPARE(first("telesckope"),
                 QStringLiteral(
                     "The telescope stands in the garden behind the old library of the town."));
        // A part of a compound, and a compound of known parts.
        QCOMPARE(first("Kündigung"), first("Kündigungsfrist"));
        QVERIFY(found("xyzzyqwert").empty());
    }

    void questionsAreNoSyntax()
    {
        fill();
        for (const char *query : {"\"pump", "pump OR", "NEAR(pump", "pump*", "terms:pump", "^pump",
                                  "pump)", "-pump", "pump\" OR \"telescope"})
            QVERIFY2(!found(QString::fromLatin1(query)).empty(), query);
        QVERIFY(found("'; DROP TABLE passages; --").empty());
        QVERIFY(!found("pump").empty());
        QVERIFY(found("").empty());
        QVERIFY(found("?!").empty());
    }

    void keepsToACollection()
    {
        QVERIFY(put(index(), QStringLiteral("/a.txt"), {"The pump is here."}, QStringLiteral("A")));
        QVERIFY(
            put(index(), QStringLiteral("/b.txt"), {"The pump is there."}, QStringLiteral("B")));
        SearchOptions options;
        options.collections << QStringLiteral("B");
        const auto hits = index().searchWords(QStringLiteral("pump"), options);
        QVERIFY(hits);
        QCOMPARE(textsOf(*hits), QStringList{QStringLiteral("The pump is there.")});
        QCOMPARE(found("pump").size(), std::size_t(2));
    }

    void aNewTextTakesThePlaceOfTheOld()
    {
        QVERIFY(put(index(), QStringLiteral("/a.txt"), {"The pump is here.", "It is blue."}));
        QVERIFY(put(index(), QStringLiteral("/a.txt"), {"The telescope is here."}));
        QVERIFY(found("pump").empty());
        QCOMPARE(found("telescope").size(), std::size_t(1));
        const auto entries = index().documents();
        QVERIFY(entries);
        QCOMPARE(entries->size(), std::size_t(1));
        QCOMPARE(entries->front().passages, 1);
    }

    void removalLeavesNothing()
    {
        const auto id = put(index(), QStringLiteral("/a.txt"), {"The pump is here."});
        QVERIFY(id);
        const auto hits = found("pump");
        QVERIFY(index().putVectors(QStringLiteral("/m.gguf"), {{hits[0].passage, {1, 2, 3}}}));
        QVERIFY(index().remove(*id));
        for (const char *table : {"documents", "document_pages", "passages", "passages_fts",
                                  "passage_vectors", "passages_vocabulary"})
            QCOMPARE(*m_own->database().number(std::string("SELECT count(*) FROM ") + table), 0);
    }

    void aFailureIsKeptWithItsReason()
    {
        QVERIFY(put(index(), QStringLiteral("/a.txt"), {"The pump is here."}));
        DocumentEntry entry;
        entry.collection = QStringLiteral("Documents");
        entry.path = QStringLiteral("/a.txt");
        QVERIFY(index().putFailure(entry, {ErrorCode::InvalidFile, "The file is damaged.", {}}));
        QVERIFY(found("pump").empty());
        const auto known = index().find(entry.collection, entry.path);
        QVERIFY(known && *known);
        QCOMPARE((*known)->state, DocumentState::Failed);
        QCOMPARE((*known)->errorText, QStringLiteral("The file is damaged."));
    }

    void vectorsOfUnchangedPassagesAreKept()
    {
        QVERIFY(put(index(), QStringLiteral("/a.txt"), {"The pump is here.", "It is blue."}));
        const QString model = QStringLiteral("/m.gguf");
        const auto missing = index().withoutVector(model, 10);
        QVERIFY(missing);
        QCOMPARE(missing->size(), std::size_t(2));
        for (const auto &passage : *missing)
            QVERIFY(index().putVectors(model, {{passage.id, {1, float(passage.id), 0}}}));
        QVERIFY(index().withoutVector(model, 10)->empty());
        QVERIFY(put(index(), QStringLiteral("/a.txt"),
                    {"A new beginning.", "The pump is here.", "It is green."}));
        const auto left = index().withoutVector(model, 10);
        QVERIFY(left);
        QStringList texts;
        for (const auto &passage : *left)
            texts << passage.text;
        QCOMPARE(texts,
                 (QStringList{QStringLiteral("A new beginning."), QStringLiteral("It is green.")}));
        QCOMPARE(*index().vectorModel(), model);
        // Those of another model take their place.
        QCOMPARE(index().withoutVector(QStringLiteral("/n.gguf"), 10)->size(), std::size_t(3));
    }

    void findsByVectors()
    {
        QVERIFY(
            put(index(), QStringLiteral("/a.txt"), {"East.", "North.", "North-east.", "West."}));
        const std::vector<std::vector<float>> directions{{5, 0}, {0, 1}, {2, 2}, {-1, 0}};
        const auto passages = index().withoutVector(QStringLiteral("/m"), 10);
        QVERIFY(passages);
        for (std::size_t i = 0; i < 4; ++i)
            QVERIFY(index().putVectors(QStringLiteral("/m"), {{(*passages)[i].id, directions[i]}}));
        SearchOptions options;
        options.most = 3;
        const auto hits = index().searchVectors(QStringLiteral("/m"), {3, 0.5f}, options);
        QVERIFY(hits);
        QCOMPARE(textsOf(*hits), (QStringList{"East.", "North-east.", "North."}));
        QVERIFY(qAbs((*hits)[0].score - 3 / std::hypot(3, 0.5)) < 1e-5);
        // One of another width is not compared.
        QVERIFY(index().searchVectors(QStringLiteral("/m"), {1, 2, 3}, options)->empty());
        // Nor one of another model, though it is as wide.
        QVERIFY(index().putVectors(QStringLiteral("/n"), {{(*passages)[0].id, {1, 0}}}));
        const auto left = index().searchVectors(QStringLiteral("/m"), {3, 0.5f}, options);
        QVERIFY(left);
        QCOMPARE(textsOf(*left), (QStringList{"North-east.", "North.", "West."}));
    }

    void wordsAndVectorsAreJoined()
    {
        QVERIFY(put(
            index(), QStringLiteral("/a.txt"),
            {"The feline sleeps on the mat.", "A cat is a small animal.", "Dogs bark at night."}));
        const auto passages = index().withoutVector(QStringLiteral("/m"), 10);
        QVERIFY(passages);
        const std::vector<std::vector<float>> vectors{{1, 0}, {0.9f, 0.1f}, {0, 1}};
        for (std::size_t i = 0; i < 3; ++i)
            QVERIFY(index().putVectors(QStringLiteral("/m"), {{(*passages)[i].id, vectors[i]}}));
        SearchOptions options;
        options.most = 2;
        const auto words = retrieve(index(), QStringLiteral("cat"), options);
        QVERIFY(words);
        QCOMPARE(words->hits.size(), std::size_t(1));
        const auto both =
            retrieve(index(), QStringLiteral("cat"), options,
                     [](const QString &, const std::string &) -> Result<std::vector<float>> {
                         return std::vector<float>{1, 0};
                     });
        QVERIFY(both);
        QCOMPARE(textsOf(both->hits),
                 (QStringList{"A cat is a small animal.", "The feline sleeps on the mat."}));
        // 1/(60+1) by words and 1/(60+2) by vectors.
        QVERIFY(qAbs(both->hits[0].score - (1.0 / 61 + 1.0 / 62)) < 1e-9);
        const auto failing =
            retrieve(index(), QStringLiteral("cat"), options,
                     [](const QString &, const std::string &) -> Result<std::vector<float>> {
                         return fail(ErrorCode::NotFound, "The model is gone.");
                     });
        QVERIFY(failing);
        QCOMPARE(failing->hits.size(), std::size_t(1));
        QCOMPARE(failing->remark, QStringLiteral("The model is gone."));
    }

    void whatIsSaidTwiceIsTakenOnce()
    {
        QVERIFY(put(index(), QStringLiteral("/a.txt"),
                    {"The red pump stands in the cellar of the old house."}));
        QVERIFY(put(index(), QStringLiteral("/b.txt"),
                    {"The red pump stands in the cellar of the old house!"}));
        QVERIFY(put(index(), QStringLiteral("/c.txt"), {"Another pump is sold."}));
        const auto hits = retrieve(index(), QStringLiteral("pump"), {});
        QVERIFY(hits);
        QCOMPARE(hits->hits.size(), std::size_t(2));
    }

    void weakEvidenceIsSeen()
    {
        fill();
        const auto share = [&](const char *question) {
            const QString text = QString::fromUtf8(question);
            return *evidence(index(), text, found(text));
        };
        QVERIFY(share("How much did the pump cost in 2023?") > 0.6);
        QVERIFY(share("Which zebra won the Olympic medal yesterday?") < kWeakEvidence);
    }

    void citesWhatSupports()
    {
        fill();
        const auto passages = found("pump telescope");
        QVERIFY(passages.size() >= 2);
        const auto cited = cite(
            index(),
            QStringLiteral("The pump cost 4,200 euros [7]. The telescope stands in the garden. It "
                           "was bought for 9,999 euros [1]. Elephants like swimming."),
            passages);
        QVERIFY(cited);
        QCOMPARE(cited->sentences.size(), std::size_t(4));
        QVERIFY(cited->sentences[0].supported && cited->sentences[1].supported);
        QVERIFY(!cited->sentences[2].supported && !cited->sentences[3].supported);
        QCOMPARE(cited->citations.size(), std::size_t(2));
        for (const Citation &citation : cited->citations) {
            const Hit &hit = passages[citation.passage];
            QCOMPARE(
                slice(hit.text.toStdString(), citation.begin - hit.begin, citation.end - hit.begin),
                citation.text.toStdString());
        }
        QCOMPARE(
            cited->text,
            QStringLiteral("The pump cost 4,200 euros. [1] The telescope stands in the garden. [2] "
                           "It was bought for 9,999 euros. Elephants like swimming."));
    }

private:
    DocumentIndex &index() { return m_own->index(); }

    void fill()
    {
        QVERIFY(put(index(), QStringLiteral("/report.txt"),
                    {"The pump cost 4,200 euros in 2023, which was more than was planned for it.",
                     "The telescope stands in the garden behind the old library of the town.",
                     "All of the people who work here come by bicycle or by bus in the morning."}));
        QVERIFY(
            put(index(), QStringLiteral("/vertrag.txt"),
                {"Die Kündigungsfristen betragen für alle Mieter der Häuser drei Monate zum Ende "
                 "des Jahres.",
                 "Der Vermieter sorgt dafür, dass die Heizung im Winter an allen Tagen läuft."}));
        QVERIFY(put(index(), QStringLiteral("/zh.txt"),
                    {QStringLiteral("这个数据库很大，它保存所有的文件和所有的照片。").toStdString(),
                     QStringLiteral("我们每天早上坐公共汽车去办公室上班。").toStdString()}));
    }

    std::vector<Hit> found(const QString &query)
    {
        const auto hits = index().searchWords(query, {});
        return hits ? *hits : std::vector<Hit>();
    }
    std::vector<Hit> found(const char *query) { return found(QString::fromUtf8(query)); }
    QString first(const QString &query)
    {
        const auto hits = found(query);
        return hits.empty() ? QString() : hits.front().text;
    }
    QString first(const char *query) { return first(QString::fromUtf8(query)); }

    std::unique_ptr<TemporaryIndex> m_own;
};

QTEST_APPLESS_MAIN(TestDocumentIndex)
#include "tst_document_index.moc"
