#include "core/documents/citations.h"

#include <QRegularExpression>
#include <QTextBoundaryFinder>

#include <algorithm>
#include <map>
#include <set>

namespace alcove::documents {

namespace {

constexpr double kSupport = 0.6; // share of a sentence's weight that a passage must hold
constexpr double kClaimedSupport = 0.5; // where the model names that passage
constexpr int kMostPerSentence = 3;
constexpr std::size_t kTellingWords = 3; // from which a sentence claims something

struct Range {
    qsizetype begin = 0;
    qsizetype end = 0;
};

std::vector<Range> sentencesOf(const QString &text)
{
    std::vector<Range> sentences;
    QTextBoundaryFinder finder(QTextBoundaryFinder::Sentence, text);
    qsizetype last = 0;
    const auto add = [&](qsizetype end) {
        // Lines part sentences too: list items end without a stop.
        qsizetype begin = last;
        for (qsizetype at = last; at <= end; ++at) {
            if (at < end && text[at] != QLatin1Char('\n'))
                continue;
            Range range{begin, at};
            while (range.begin < range.end && text[range.begin].isSpace())
                ++range.begin;
            while (range.end > range.begin && text[range.end - 1].isSpace())
                --range.end;
            if (range.begin < range.end)
                sentences.push_back(range);
            begin = at + 1;
        }
        last = end;
    };
    while (finder.toNextBoundary() >= 0)
        add(finder.position());
    if (last < text.size())
        add(text.size());
    return sentences;
}

const QRegularExpression &mark()
{
    static const QRegularExpression expression(
        QStringLiteral("\\s*\\[(\\d{1,3}(?:\\s*,\\s*\\d{1,3})*)\\]"));
    return expression;
}

std::set<std::size_t> claimed(const QString &sentence, std::size_t passages)
{
    std::set<std::size_t> numbers;
    auto matches = mark().globalMatch(sentence);
    while (matches.hasNext()) {
        const QStringList parts = matches.next().captured(1).split(QLatin1Char(','));
        for (const QString &part : parts) {
            const qulonglong number = part.trimmed().toULongLong();
            if (number >= 1 && number <= passages)
                numbers.insert(std::size_t(number - 1));
        }
    }
    return numbers;
}

bool isFigure(const std::string &term)
{
    return !term.empty() && std::all_of(term.begin(), term.end(), [](char c) {
        return (c >= '0' && c <= '9') || c == 'x';
    }) && term[0] != 'x';
}

// Share of the sentence's weight that the terms hold; 0 where one of its figures is missing.
double support(const std::vector<DocumentIndex::WeightedWord> &sentence,
               const std::set<std::string> &terms)
{
    double all = 0;
    double held = 0;
    for (const auto &word : sentence) {
        const bool there =
            std::any_of(word.forms.begin(), word.forms.end(),
                        [&](const std::string &form) { return terms.count(form) > 0; });
        if (!there && std::any_of(word.forms.begin(), word.forms.end(), isFigure))
            return 0;
        all += word.weight;
        held += there ? word.weight : 0;
    }
    return all > 0 ? held / all : 0;
}

// The passage's sentences, as few as hold what the whole passage holds of the sentence's weight.
Range bestPart(DocumentIndex &index, const Hit &passage,
               const std::vector<DocumentIndex::WeightedWord> &sentence, double whole)
{
    const std::vector<Range> parts = sentencesOf(passage.text);
    Range best{0, passage.text.size()};
    std::vector<std::set<std::string>> terms;
    for (const Range &part : parts) {
        Hit piece = passage;
        piece.text = passage.text.mid(part.begin, part.end - part.begin);
        piece.heading.clear();
        const auto own = index.termsOf(piece);
        terms.emplace_back(own.begin(), own.end());
    }
    for (std::size_t length = 1; length <= std::min<std::size_t>(parts.size(), 3); ++length) {
        double most = 0;
        for (std::size_t first = 0; first + length <= parts.size(); ++first) {
            std::set<std::string> joined;
            for (std::size_t i = first; i < first + length; ++i)
                joined.insert(terms[i].begin(), terms[i].end());
            const double held = support(sentence, joined);
            if (held > most) {
                most = held;
                best = {parts[first].begin, parts[first + length - 1].end};
            }
        }
        if (most >= 0.85 * whole)
            return best;
    }
    return parts.size() <= 3 ? best : Range{0, passage.text.size()};
}

std::uint64_t codePoints(QStringView text)
{
    std::uint64_t count = 0;
    for (const QChar c : text)
        count += !c.isLowSurrogate();
    return count;
}

} // namespace

Result<CitedAnswer> cite(DocumentIndex &index, const QString &answer,
                         const std::vector<Hit> &passages, Unsupported unsupported)
{
    CitedAnswer cited;
    std::vector<std::set<std::string>> terms;
    for (const Hit &hit : passages) {
        const auto own = index.termsOf(hit);
        terms.emplace_back(own.begin(), own.end());
    }
    std::map<std::size_t, int> numbers; // of passages that are cited
    qsizetype copied = 0;
    for (const Range &range : sentencesOf(answer)) {
        const QString written = answer.mid(range.begin, range.end - range.begin);
        CitedSentence sentence;
        sentence.text = QString(written).remove(mark()).trimmed();
        // What lies between the sentences stays.
        cited.text += answer.mid(copied, range.begin - copied);
        copied = range.end;
        if (sentence.text.isEmpty()) // a number alone, behind its sentence
            continue;
        cited.text += sentence.text;
        const auto weights = index.weightsOf(sentence.text);
        if (!weights)
            return fail(weights.error());
        const std::set<std::size_t> named = claimed(written, passages.size());
        std::vector<std::pair<double, std::size_t>> found;
        for (std::size_t i = 0; i < passages.size(); ++i) {
            const double share = support(*weights, terms[i]);
            if (share >= (named.count(i) ? kClaimedSupport : kSupport))
                found.emplace_back(share + (named.count(i) ? 0.1 : 0), i);
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const auto &a, const auto &b) { return a.first > b.first; });
        // Others than the best only where the model names them or they hold as much.
        for (std::size_t i = 0; i < found.size() && int(sentence.numbers.size()) < kMostPerSentence;
             ++i) {
            const std::size_t passage = found[i].second;
            if (i > 0 && !named.count(passage) && found[i].first < found[0].first - 0.05)
                continue;
            auto known = numbers.find(passage);
            if (known == numbers.end()) {
                known = numbers.emplace(passage, int(numbers.size()) + 1).first;
                const Hit &hit = passages[passage];
                const Range part =
                    bestPart(index, hit, *weights, support(*weights, terms[passage]));
                Citation citation;
                citation.number = known->second;
                citation.passage = passage;
                citation.text = hit.text.mid(part.begin, part.end - part.begin);
                citation.begin = hit.begin + codePoints(QStringView(hit.text).left(part.begin));
                citation.end = citation.begin + codePoints(citation.text);
                auto page = index.pageAt(hit.document, citation.begin);
                if (!page)
                    return fail(page.error());
                citation.page = std::move(*page);
                cited.citations.push_back(std::move(citation));
            }
            sentence.numbers.push_back(known->second);
        }
        sentence.supported = !sentence.numbers.empty();
        std::sort(sentence.numbers.begin(), sentence.numbers.end());
        for (const int number : sentence.numbers)
            cited.text += QStringLiteral(" [%1]").arg(number);
        if (!sentence.supported && unsupported == Unsupported::Marked
            && weights->size() >= kTellingWords)
            cited.text += QStringLiteral(" [?]");
        cited.sentences.push_back(std::move(sentence));
    }
    cited.text += answer.mid(copied);
    cited.text = cited.text.trimmed();
    return cited;
}

} // namespace alcove::documents
