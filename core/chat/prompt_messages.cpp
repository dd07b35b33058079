#include "core/chat/prompt_messages.h"

namespace alcove::chat {

QVector<engine::PromptMessage> promptMessages(const QVector<Message> &branch,
                                              const QString &systemPrompt)
{
    QVector<engine::PromptMessage> messages;
    if (!systemPrompt.trimmed().isEmpty())
        messages.append({engine::Role::System, systemPrompt});
    for (const Message &message : branch) {
        if (message.role == engine::Role::Assistant && message.text.trimmed().isEmpty())
            continue;
        if (!messages.isEmpty() && messages.last().role == message.role)
            messages.last().text += QStringLiteral("\n\n") + message.text;
        else
            messages.append({message.role, message.text});
    }
    return messages;
}

} // namespace alcove::chat
