// A turn of a conversation that is answered from documents: what the model is given, and what of
// its answer is kept.
//
// documentPrompt() is pure and runs on the inference thread, where the tokenizer is; checkAnswer()
// runs on the thread of the index.
#pragma once

#include "core/chat/chat_types.h"
#include "core/documents/question_passages.h"
#include "core/engine/chat_engine.h"

namespace alcove::chat {

// `branch` as of promptMessages(), ending with the question. The passages take what `length` tokens
// of context leave beside an answer of at most `maxTokens` (0: a third) and the conversation, half
// of that at least. `read`: how many of the passages are in it.
QVector<engine::PromptMessage> documentPrompt(const QVector<engine::PromptMessage> &branch,
                                              const documents::QuestionPassages &passages,
                                              const engine::CountTokens &count, quint32 length,
                                              quint32 maxTokens, std::size_t &read);

struct CheckedAnswer {
    QString text; // with the numbers of the citations behind the sentences, and [?] where none fits
    QVector<MessageCitation> citations;
};

Result<CheckedAnswer> checkAnswer(documents::DocumentIndex &index, const QString &answer,
                                  const std::vector<documents::Hit> &passages);

} // namespace alcove::chat
