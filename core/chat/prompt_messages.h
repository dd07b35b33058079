// A branch of a conversation as the messages a model is given. Any thread.
#pragma once

#include "core/chat/chat_types.h"
#include "core/engine/chat_engine.h"

namespace alcove::chat {

// `branch`: oldest first, ending with the user's message. Answers without any text are left out,
// and neighbours of the same role become one message (a prompt, its failed answer, the next
// prompt): many chat templates accept only roles that take turns. What a model thought before an
// answer is not given back to it: models are trained without it. Nor are the marks of citations.
// `systemPrompt`: put first unless empty.
QVector<engine::PromptMessage> promptMessages(const QVector<Message> &branch,
                                              const QString &systemPrompt);

} // namespace alcove::chat
