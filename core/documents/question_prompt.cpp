#include "core/documents/question_prompt.h"

#include <QFileInfo>

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr std::size_t kInstructions = 200; // tokens, with the marks between the passages

std::string sourceOf(const Hit &hit)
{
    std::string source = QFileInfo(hit.path).fileName().toStdString();
    if (hit.pageKind != PageKind::None)
        source += ", " + hit.page.toStdString();
    if (!hit.heading.isEmpty())
        source += ", " + hit.heading.toStdString();
    return source;
}

} // namespace

std::size_t passageBudget(std::uint32_t contextLength, std::uint32_t answer)
{
    // An answer without a bound is given a third.
    const std::size_t reserved = answer > 0 ? answer : contextLength / 3;
    const std::size_t taken = std::min<std::size_t>(reserved, contextLength / 2) + kInstructions;
    return taken < contextLength ? (contextLength - taken) * 9 / 10 : 0;
}

QuestionPrompt questionPrompt(const std::string &question, const std::vector<Hit> &hits, bool weak,
                              std::size_t budget, const TokenCounter &count)
{
    QuestionPrompt prompt;
    prompt.system =
        "Answer the question from the numbered passages alone. Write the number of the passage in "
        "brackets behind each sentence that stands on it, like this [1]. Where the passages do not "
        "say it, answer that the documents do not say it.";
    if (weak)
        prompt.system +=
            " The passages found hardly speak of what is asked: say so rather than guess.";
    std::size_t taken = count(question);
    std::string passages;
    for (const Hit &hit : hits) {
        std::string text = "[";
        text += std::to_string(prompt.passages + 1) + "] (" + sourceOf(hit) + ")\n"
            + hit.text.toStdString() + "\n\n";
        const std::size_t tokens = count(text);
        if (prompt.passages > 0 && taken + tokens > budget)
            break;
        taken += tokens;
        passages += text;
        ++prompt.passages;
    }
    prompt.user =
        (passages.empty() ? "No passage was found.\n\n" : passages) + "Question: " + question;
    return prompt;
}

} // namespace alcove::documents
