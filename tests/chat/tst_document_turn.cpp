// A question of documents within a conversation: what is searched for, what the model is given, and
// what of its answer is kept.

#include "core/chat/document_turn.h"
#include "tests/documents/document_support.h"

using namespace alcove;
using namespace alcove::chat;
using namespace alcove::documents;

namespace {

std::size_t words(std::string_view text)
{
    return std::size_t(QString::fromUtf8(text.data(), qsizetype(text.size()))
                           .split(QLatin1Char(' '), Qt::SkipEmptyParts)
                           .size());
}

QuestionPassages passages(int count, int wordsEach)
{
    QuestionPassages found;
    for (int i = 0; i < count; ++i) {
        Hit hit;
        hit.path = QStringLiteral("/a.txt");
        hit.text = QStringLiteral("p%1 ").arg(i) + QStringLiteral("word ").repeated(wordsEach - 1);
        found.hits.push_back(hit);
    }
    return found;
}

const QVector<engine::PromptMessage> kQuestion{
    {engine::Role::User, QStringLiteral("What is the rent?")}};

} // namespace

class TestDocumentTurn : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void passagesFillWhatTheContextLeaves()
    {
        std::size_t read = 0;
        const auto all = passages(100, 50);
        const auto small = documentPrompt(kQuestion, all, words, 1000, 200, read);
        const std::size_t few = read;
        QVERIFY(few >= 5 && few < 20);
        documentPrompt(kQuestion, all, words, 4000, 200, read);
        QVERIFY(read > 2 * few);
        // Together they hold: prompt and answer.
        std::size_t total = 0;
        for (const auto &message : small)
            total += words(message.text.toStdString());
        QVERIFY2(total + 200 <= 1000, qPrintable(QString::number(total)));
        QVERIFY(small.last().text.endsWith(QStringLiteral("Question: What is the rent?")));
    }

    void aLongConversationLeavesHalf()
    {
        QVector<engine::PromptMessage> branch;
        for (int i = 0; i < 20; ++i) {
            branch.append({engine::Role::User, QStringLiteral("talk ").repeated(100)});
            branch.append({engine::Role::Assistant, QStringLiteral("talk ").repeated(100)});
        }
        branch += kQuestion;
        std::size_t withTalk = 0;
        std::size_t without = 0;
        documentPrompt(branch, passages(100, 50), words, 2000, 200, withTalk);
        documentPrompt(kQuestion, passages(100, 50), words, 2000, 200, without);
        QVERIFY(withTalk < without);
        QVERIFY(2 * withTalk + 2 >= without);
    }

    void instructionsJoinTheUsersOwn()
    {
        std::size_t read = 0;
        const QVector<engine::PromptMessage> own{
            {engine::Role::System, QStringLiteral("Answer in rhymes.")}, kQuestion[0]};
        const auto messages = documentPrompt(own, passages(1, 10), words, 1000, 0, read);
        QCOMPARE(messages.size(), 2);
        QVERIFY(messages[0].text.startsWith(QStringLiteral("Answer in rhymes.")));
        QVERIFY(messages[0].text.contains(QStringLiteral("numbered passages")));
        QCOMPARE(read, std::size_t(1));
        // Nothing found: the model is told that, too.
        const auto none = documentPrompt(kQuestion, {}, words, 1000, 0, read);
        QCOMPARE(read, std::size_t(0));
        QVERIFY(none.last().text.contains(QStringLiteral("No passage was found")));
        QuestionPassages weak = passages(1, 10);
        weak.weak = true;
        QVERIFY(documentPrompt(kQuestion, weak, words, 1000, 0, read)
                    .first()
                    .text.contains(QStringLiteral("rather than guess")));
    }

    void aShortQuestionIsSearchedForWithTheOneBefore()
    {
        test::TemporaryIndex temporary;
        QVERIFY(temporary.open());
        DocumentIndex &index = temporary.index();
        QVERIFY(test::put(index, QStringLiteral("/harbour.txt"),
                          {"The harbour of Lissen has three cranes and a long mole.",
                           "The second crane of the harbour lifts forty tonnes."}));
        QVERIFY(test::put(index, QStringLiteral("/recipes.txt"),
                          {"The second dough rests for an hour.", "Bread needs flour and salt."}));
        DocumentQuestion question;
        question.text = QStringLiteral("And the second one?");
        question.collections = {DocumentIndex::defaultCollection()};
        question.earlier = {QStringLiteral("What is bread made of?"),
                            QStringLiteral("How much does the first crane of the harbour lift?")};
        const auto text = searchTextOf(index, question);
        QVERIFY(text);
        QVERIFY(text->contains(QStringLiteral("crane of the harbour")));
        QVERIFY(!text->contains(QStringLiteral("bread")));
        const auto found = passagesFor(index, question, 5);
        QVERIFY(found && !found->hits.empty());
        QVERIFY2(found->hits[0].text.contains(QStringLiteral("forty tonnes")),
                 qPrintable(found->hits[0].text));
        QVERIFY(!found->weak);
        // One that stands for itself is left alone.
        question.text = QStringLiteral("How long does the second dough of bread rest?");
        QCOMPARE(*searchTextOf(index, question), question.text);
    }

    void onlyTickedCollectionsAreSearched()
    {
        test::TemporaryIndex temporary;
        DocumentIndex &index = temporary.index();
        for (const char *name : {"A", "B", "C"})
            QVERIFY(test::put(index, QStringLiteral("/%1.txt").arg(QLatin1String(name)),
                              {"The rent of the mill is due in May."}, QLatin1String(name)));
        DocumentQuestion question;
        question.text = QStringLiteral("When is the rent of the mill due?");
        question.collections = {QStringLiteral("A"), QStringLiteral("C")};
        const auto found = passagesFor(index, question, 10);
        QVERIFY(found);
        // The same words are read once.
        QCOMPARE(found->hits.size(), std::size_t(1));
        question.collections = {QStringLiteral("B")};
        QCOMPARE(passagesFor(index, question, 10)->hits.at(0).path, QStringLiteral("/B.txt"));
        question.collections = {QStringLiteral("nothing")};
        QVERIFY(passagesFor(index, question, 10)->hits.empty());
        QVERIFY(passagesFor(index, question, 10)->weak);
    }

    void citationsHoldWhatShowsThem()
    {
        test::TemporaryIndex temporary;
        DocumentIndex &index = temporary.index();
        QVERIFY(test::put(index, QStringLiteral("/mill.txt"),
                          {"The rent of the old mill is 840 euros.",
                           "The mill was built by the brothers Karlsson in 1790."}));
        SearchOptions options;
        const auto hits = index.searchWords(QStringLiteral("mill rent brothers built"), options);
        QVERIFY(hits && hits->size() == 2);
        const auto checked = checkAnswer(
            index,
            QStringLiteral("The brothers Karlsson built the mill [9]. Its rent is 840 euros."),
            *hits);
        QVERIFY(checked);
        QCOMPARE(checked->text,
                 QStringLiteral("The brothers Karlsson built the mill. [1] Its rent is 840 "
                                "euros. [2]"));
        QCOMPARE(checked->citations.size(), 2);
        for (const MessageCitation &citation : checked->citations) {
            QCOMPARE(citation.path, QStringLiteral("/mill.txt"));
            QCOMPARE(citation.hash, QStringLiteral("/mill.txt"));
            const auto pages = index.pages(hits->at(0).document);
            std::string whole;
            for (const Page &page : *pages)
                whole += page.text;
            QCOMPARE(QString::fromStdString(test::slice(whole, std::uint64_t(citation.begin),
                                                        std::uint64_t(citation.end))),
                     citation.text);
        }
        // A figure that no passage holds is not covered by the words around it.
        const auto wrong =
            checkAnswer(index, QStringLiteral("The rent of the old mill is 480 euros."), *hits);
        QVERIFY(wrong);
        QVERIFY(wrong->citations.isEmpty());
        QVERIFY(wrong->text.endsWith(QStringLiteral("[?]")));
    }
};

QTEST_GUILESS_MAIN(TestDocumentTurn)
#include "tst_document_turn.moc"
