#include "core/documents/question_passages.h"

namespace alcove::documents {

namespace {

constexpr std::size_t kTellingAlone = 3; // words with which a question stands for itself
constexpr int kLookedBack = 3; // questions

} // namespace

Result<QString> searchTextOf(DocumentIndex &index, const DocumentQuestion &question)
{
    QString text = question.text;
    auto words = index.weightsOf(text);
    if (!words)
        return fail(words.error());
    // Back to the nearest question that says what all this is about.
    int looked = 0;
    for (auto before = question.earlier.crbegin(); before != question.earlier.crend()
         && words->size() < kTellingAlone && looked < kLookedBack;
         ++before, ++looked) {
        text += QLatin1Char('\n') + *before;
        words = index.weightsOf(text);
        if (!words)
            return fail(words.error());
    }
    return text;
}

Result<QuestionPassages> passagesFor(DocumentIndex &index, const DocumentQuestion &question,
                                     int most, const Embedder &embed)
{
    QuestionPassages passages;
    auto text = searchTextOf(index, question);
    if (!text)
        return fail(text.error());
    passages.searched = std::move(*text);
    SearchOptions options;
    options.collections = question.collections;
    options.most = most;
    auto found = retrieve(index, passages.searched, options, embed);
    if (!found)
        return fail(found.error());
    passages.hits = std::move(found->hits);
    const auto share = evidence(index, passages.searched, passages.hits);
    if (!share)
        return fail(share.error());
    passages.weak = *share < kWeakEvidence;
    return passages;
}

} // namespace alcove::documents
