#include "core/chat/document_turn.h"

#include "core/documents/question_prompt.h"

#include <algorithm>

namespace alcove::chat {

namespace {

constexpr std::size_t kAroundMessage = 8; // tokens that a template puts around a message

} // namespace

QVector<engine::PromptMessage> documentPrompt(const QVector<engine::PromptMessage> &branch,
                                              const documents::QuestionPassages &passages,
                                              const engine::CountTokens &count, quint32 length,
                                              quint32 maxTokens, std::size_t &read)
{
    QVector<engine::PromptMessage> messages = branch;
    if (messages.isEmpty())
        return messages;
    std::size_t before = 0;
    for (qsizetype i = 0; i + 1 < messages.size(); ++i)
        before += count(messages[i].text.toStdString()) + kAroundMessage;
    const std::size_t budget = documents::passageBudget(length, maxTokens);
    const documents::QuestionPrompt prompt =
        documents::questionPrompt(messages.last().text.toStdString(), passages.hits, passages.weak,
                                  budget - std::min(before, budget / 2), count);
    read = prompt.passages;
    messages.last().text = QString::fromStdString(prompt.user);
    const QString instructions = QString::fromStdString(prompt.system);
    if (messages.first().role == engine::Role::System)
        messages.first().text += QStringLiteral("\n\n") + instructions;
    else
        messages.prepend({engine::Role::System, instructions});
    return messages;
}

Result<CheckedAnswer> checkAnswer(documents::DocumentIndex &index, const QString &answer,
                                  const std::vector<documents::Hit> &passages)
{
    const auto cited = documents::cite(index, answer, passages, documents::Unsupported::Marked);
    if (!cited)
        return fail(cited.error());
    CheckedAnswer checked;
    checked.text = cited->text;
    for (const documents::Citation &found : cited->citations) {
        const documents::Hit &hit = passages[found.passage];
        const auto entry = index.find(hit.document);
        if (!entry)
            return fail(entry.error());
        MessageCitation citation;
        citation.number = found.number;
        citation.path = hit.path;
        citation.title = hit.title;
        citation.pageKind = int(hit.pageKind);
        citation.page = found.page;
        citation.begin = qint64(found.begin);
        citation.end = qint64(found.end);
        citation.text = found.text;
        if (*entry)
            citation.hash = (*entry)->hash;
        checked.citations.append(std::move(citation));
    }
    return checked;
}

} // namespace alcove::chat
