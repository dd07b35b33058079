#include "core/chat/prompt_messages.h"

namespace alcove::chat {

namespace {

// The numbers behind an answer's sentences are of passages that the next prompt does not hold.
QString withoutMarks(const Message &message)
{
    QString text = message.text;
    text.remove(QStringLiteral(" [?]"));
    for (const MessageCitation &citation : message.citations)
        text.remove(QStringLiteral(" [%1]").arg(citation.number));
    return text;
}

} // namespace

QVector<engine::PromptMessage> promptMessages(const QVector<Message> &branch,
                                              const QString &systemPrompt)
{
    QVector<engine::PromptMessage> messages;
    if (!systemPrompt.trimmed().isEmpty())
        messages.append({engine::Role::System, systemPrompt});
    for (const Message &message : branch) {
        if (message.role == engine::Role::Assistant && message.text.trimmed().isEmpty())
            continue;
        const QString text = message.passagesRead > 0 ? withoutMarks(message) : message.text;
        if (!messages.isEmpty() && messages.last().role == message.role)
            messages.last().text += QStringLiteral("\n\n") + text;
        else
            messages.append({message.role, text});
    }
    return messages;
}

} // namespace alcove::chat
