// Messages as rows of the database: how their columns are spelled, and how a branch is read.
//
// For ChatStore, on the storage thread. Fails with what a Database fails with.
#pragma once

#include "core/storage/chat_types.h"
#include "core/storage/sqlite.h"

namespace alcove::storage {

QString roleColumn(llm::Role role);
QString stateColumn(MessageState state);
QDateTime timeOf(qint64 milliseconds); // since 1970, UTC

// The active branch of a chat, oldest first; of a Streaming answer what is saved of it.
Result<QVector<Message>> activeBranch(const Database &database, ChatId chat);
// The pieces of a Streaming answer, put together.
Result<AnswerPiece> savedAnswer(const Database &database, MessageId message);

} // namespace alcove::storage
