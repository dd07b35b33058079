// How well, and how fast, questions find their passages:
// bench-retrieval FOLDER QUESTIONS.json [--vectors MODEL.gguf] [--misses]
//
// Takes the folder into an index for the time being and asks it each question of the labelled set
// (tests/retrieval/README.md). Fails where a label or the place of a passage is wrong.
#include "core/documents/indexer.h"
#include "core/documents/passage_embedding.h"
#include "core/documents/retrieval.h"
#include "core/storage/store.h"
#include "tests/retrieval/labelled_set.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>

#include <cstdio>
#include <map>

using namespace alcove;
using namespace alcove::documents;

namespace {

constexpr int kHits = 10;
constexpr std::uint64_t kLettersOfAPage = 1800; // where a format has no pages
constexpr int kEmbeddedTogether = 16;

int failed(const std::string &sentence)
{
    std::fprintf(stderr, "%s\n", sentence.c_str());
    return 1;
}

struct Sum {
    int count = 0;
    double recall = 0;
    double gain = 0;

    void add(const labelled::Score &score)
    {
        ++count;
        recall += score.recall;
        gain += score.gain;
    }
    void print(const std::string &name) const
    {
        std::printf("| %s | %d | %.3f | %.3f |\n", name.c_str(), count, recall / count,
                    gain / count);
    }
};

struct Speed {
    int documents = 0;
    std::uint64_t pages = 0;
    std::uint64_t passages = 0;
    double seconds = 0;
};

// Takes the folder in; prints how fast each format was.
Result<> takeIn(DocumentIndex &index, const QString &folder)
{
    Indexer indexer(index, DocumentReader(DocumentReader::programBeside()));
    IndexRequest request;
    request.paths = QStringList{folder};
    IndexHooks hooks;
    std::map<QString, Speed> speeds;
    Result<> outcome;
    QElapsedTimer timer;
    hooks.file = [&](const FileOutcome &file) {
        const double seconds = double(timer.nsecsElapsed()) * 1e-9;
        if (file.kind == FileOutcome::Kind::Failed) {
            outcome = fail(file.code, file.path.toStdString() + ": " + file.reason.toStdString());
        } else if (const auto entry = index.find(request.collection, file.path); entry && *entry) {
            Speed &speed = speeds[QFileInfo(file.path).suffix().toLower()];
            std::uint64_t pages = std::uint64_t((*entry)->pages);
            if (const auto texts = index.pages((*entry)->id);
                texts && (*entry)->pageKind == PageKind::None) {
                std::uint64_t letters = 0;
                for (const Page &page : *texts)
                    letters += std::uint64_t(QString::fromStdString(page.text).size());
                pages = (letters + kLettersOfAPage - 1) / kLettersOfAPage;
            }
            ++speed.documents;
            speed.pages += pages;
            speed.passages += std::uint64_t(file.passages);
            speed.seconds += seconds;
        }
        timer.restart();
    };
    timer.start();
    const auto done = indexer.run(request, hooks);
    if (!done)
        return fail(done.error());
    if (!outcome)
        return outcome;
    Speed all;
    std::printf("| format | documents | pages | passages | seconds | pages/s |\n"
                "| --- | --- | --- | --- | --- | --- |\n");
    const auto print = [](const std::string &name, const Speed &speed) {
        std::printf("| %s | %d | %llu | %llu | %.2f | %.1f |\n", name.c_str(), speed.documents,
                    static_cast<unsigned long long>(speed.pages),
                    static_cast<unsigned long long>(speed.passages), speed.seconds,
                    double(speed.pages) / speed.seconds);
    };
    for (const auto &[format, speed] : speeds) {
        print(format.toStdString(), speed);
        all.documents += speed.documents;
        all.pages += speed.pages;
        all.passages += speed.passages;
        all.seconds += speed.seconds;
    }
    print("all", all);
    return {};
}

Result<> embedAll(DocumentIndex &index, EmbeddingModel &model)
{
    const EmbedMany embed = [&](std::span<const std::string> texts) { return model.embed(texts); };
    QElapsedTimer timer;
    timer.start();
    std::size_t all = 0;
    for (;;) {
        const auto done = embedPassages(index, model.path(), kEmbeddedTogether, embed);
        if (!done)
            return fail(done.error());
        if (*done == 0)
            break;
        all += *done;
    }
    std::printf("\n%zu passages embedded in %.1f s\n", all, double(timer.elapsed()) / 1000);
    return {};
}

void printMiss(const labelled::Question &question, const labelled::Score &score, double share,
               const std::vector<Hit> &hits)
{
    std::printf("\n%s (%s, %s): recall %.2f, nDCG %.2f, evidence %.2f\n",
                question.text.toStdString().c_str(), question.kind.toStdString().c_str(),
                question.language.toStdString().c_str(), score.recall, score.gain, share);
    for (const labelled::Answer &answer : question.answers)
        std::printf("  wanted: %s \"%s\"\n", answer.document.toStdString().c_str(),
                    answer.quote.toStdString().c_str());
    for (std::size_t i = 0; i < std::min<std::size_t>(hits.size(), 3); ++i)
        std::printf("  %zu. %s: %s\n", i + 1,
                    QFileInfo(hits[i].path).fileName().toStdString().c_str(),
                    hits[i].text.simplified().left(100).toStdString().c_str());
}

Result<> ask(DocumentIndex &index, const std::vector<labelled::Question> &questions,
             const Embedder &embed, bool showMisses)
{
    Sum all;
    std::map<std::string, Sum> kinds;
    std::map<std::string, Sum> languages;
    std::vector<double> times;
    int negatives = 0;
    int weakNegatives = 0;
    int weakPositives = 0;
    SearchOptions options;
    options.most = kHits;
    if (const auto warm = retrieve(index, QStringLiteral("page"), options, embed); !warm)
        return fail(warm.error());
    for (const labelled::Question &question : questions) {
        QElapsedTimer timer;
        timer.start();
        const auto found = retrieve(index, question.text, options, embed);
        times.push_back(double(timer.nsecsElapsed()) * 1e-6);
        if (!found)
            return fail(found.error());
        if (!found->remark.isEmpty())
            return fail(ErrorCode::Internal, found->remark.toStdString());
        for (const Hit &hit : found->hits) {
            const auto right = labelled::isItsPlace(index, hit);
            if (!right)
                return fail(right.error());
            if (!*right)
                return fail(ErrorCode::Internal,
                            "A passage of " + hit.path.toStdString()
                                + " is not the part of the text that it says: "
                                + hit.text.toStdString());
        }
        const auto share = evidence(index, question.text, found->hits);
        if (!share)
            return fail(share.error());
        const bool weak = *share < kWeakEvidence;
        if (question.answers.empty()) {
            ++negatives;
            weakNegatives += weak;
            if (showMisses && !weak)
                printMiss(question, {}, *share, found->hits);
            continue;
        }
        weakPositives += weak;
        const labelled::Score score = labelled::scoreOf(question, found->hits);
        if (showMisses && (score.recall < 1 || weak))
            printMiss(question, score, *share, found->hits);
        all.add(score);
        kinds[question.kind.toStdString()].add(score);
        languages[question.language.toStdString()].add(score);
    }
    if (all.count == 0 || negatives == 0)
        return fail(ErrorCode::InvalidFile, "The set lacks questions with or without answers.");
    std::printf("\n| questions | number | recall@10 | nDCG@10 |\n| --- | --- | --- | --- |\n");
    all.print("all");
    for (const auto &[kind, sum] : kinds)
        sum.print(kind);
    for (const auto &[language, sum] : languages)
        sum.print("in " + language);
    std::printf("\nWithout an answer, evidence weak: %d of %d (%.3f)\n", weakNegatives, negatives,
                double(weakNegatives) / negatives);
    std::printf("With an answer, evidence not weak: %d of %d (%.3f)\n", all.count - weakPositives,
                all.count, double(all.count - weakPositives) / all.count);
    std::sort(times.begin(), times.end());
    std::printf("A search: median %.1f ms, 95th of 100 %.1f ms\n", times[times.size() / 2],
                times[times.size() * 95 / 100]);
    return {};
}

Result<> run(const QString &folder, const QString &labels, const QString &vectors, bool showMisses)
{
    const auto questions = labelled::readQuestions(labels);
    if (!questions)
        return fail(questions.error());
    const QTemporaryDir temporary;
    auto store = storage::Store::open(temporary.filePath(QStringLiteral("bench.sqlite3")));
    if (!store)
        return fail(store.error());
    DocumentIndex index((*store)->database());
    if (auto done = takeIn(index, folder); !done)
        return done;
    const auto wrong = labelled::wrongLabels((*store)->database(), *questions);
    if (!wrong)
        return fail(wrong.error());
    std::string sentences;
    for (const QString &sentence : *wrong) {
        sentences += sentence.toStdString();
        sentences += "\n";
    }
    if (!sentences.empty())
        return fail(ErrorCode::InvalidFile, sentences);
    if (vectors.isEmpty())
        return ask(index, *questions, {}, showMisses);
    EmbeddingModel model(QFileInfo(vectors).absoluteFilePath(), {});
    if (auto done = embedAll(index, model); !done)
        return done;
    const Embedder embed = [&](const QString &, const std::string &text) {
        return std::move(model.embed({&text, 1}).front());
    };
    return ask(index, *questions, embed, showMisses);
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QStringList words = QCoreApplication::arguments().mid(1);
    const bool showMisses = words.removeAll(QStringLiteral("--misses")) > 0;
    QString vectors;
    if (const auto at = words.indexOf(QStringLiteral("--vectors"));
        at >= 0 && at + 1 < words.size()) {
        vectors = words[at + 1];
        words.remove(at, 2);
    }
    if (words.size() != 2)
        return failed("bench-retrieval FOLDER QUESTIONS.json [--vectors MODEL.gguf] [--misses]");
    if (const auto done = run(words[0], words[1], vectors, showMisses); !done)
        return failed(done.error().message);
    return 0;
}
