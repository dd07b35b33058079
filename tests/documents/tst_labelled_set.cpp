// The labelled set, over its sources as they are: every label is right, and words alone find what
// they found before. bench-retrieval measures the same over the real formats.

#include "core/documents/indexer.h"
#include "core/documents/retrieval.h"
#include "document_support.h"
#include "tests/retrieval/labelled_set.h"

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

const QString kSet = QStringLiteral(ALCOVE_SOURCE_DIR "/tests/retrieval/");
constexpr int kHits = 10;
constexpr double kLeastRecall = 0.79;

// From the sources' names to those of the documents that are made of them.
labelled::Names documentNames()
{
    labelled::Names names;
    const auto documents = labelled::readJson(kSet + QStringLiteral("documents.json"));
    if (!documents)
        return names;
    for (const auto &document : *documents) {
        const QString file = labelled::textOf(document, "file");
        if (document.contains("source"))
            names.insert(labelled::textOf(document, "source"), file);
        for (const auto &sheet : document.value("sheets", nlohmann::json::object()))
            names.insert(QString::fromStdString(sheet.get<std::string>()), file);
    }
    return names;
}

} // namespace

class TestLabelledSet : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        m_names = documentNames();
        QVERIFY(m_names.size() > 40);
        const auto read = labelled::readQuestions(kSet + QStringLiteral("questions.json"));
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        m_questions = *read;
        QVERIFY(m_questions.size() >= 150);
        QVERIFY(m_index.open());
        Indexer indexer(m_index.index(),
                        DocumentReader(QStringLiteral(ALCOVE_BIN_DIR "/alcove-reader")));
        IndexRequest request;
        request.paths = QStringList{kSet + QStringLiteral("sources")};
        const auto outcomes = indexer.run(request);
        QVERIFY2(outcomes, outcomes ? "" : outcomes.error().message.c_str());
        QVERIFY(int(outcomes->size()) >= int(m_names.size()));
        for (const FileOutcome &outcome : *outcomes)
            QVERIFY2(outcome.kind == FileOutcome::Kind::Indexed,
                     qPrintable(outcome.path + QStringLiteral(": ") + outcome.reason));
    }

    void labelsAreRight()
    {
        const auto wrong = labelled::wrongLabels(m_index.database(), m_questions, m_names);
        QVERIFY2(wrong, wrong ? "" : wrong.error().message.c_str());
        for (const QString &sentence : *wrong)
            qWarning("%s", qPrintable(sentence));
        QVERIFY(wrong->empty());
    }

    void wordsFindTheirPassages()
    {
        SearchOptions options;
        options.most = kHits;
        double recall = 0;
        int count = 0;
        for (const labelled::Question &question : m_questions) {
            const auto found = retrieve(m_index.index(), question.text, options);
            QVERIFY2(found, found ? "" : found.error().message.c_str());
            for (const Hit &hit : found->hits) {
                const auto right = labelled::isItsPlace(m_index.index(), hit);
                QVERIFY(right);
                QVERIFY2(*right, qPrintable(hit.path + QStringLiteral(": ") + hit.text));
            }
            if (question.answers.empty())
                continue;
            recall += labelled::scoreOf(question, found->hits, m_names).recall;
            ++count;
        }
        qInfo("recall@%d of words alone: %.3f", kHits, recall / count);
        QVERIFY(recall / count >= kLeastRecall);
    }

private:
    TemporaryIndex m_index;
    labelled::Names m_names;
    std::vector<labelled::Question> m_questions;
};

QTEST_GUILESS_MAIN(TestLabelledSet)
#include "tst_labelled_set.moc"
