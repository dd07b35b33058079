// The values of a conversation as they are stored and shown. A conversation is a tree: a message
// knows its parent, so an edit or a regeneration is a new branch and nothing is overwritten.
#pragma once

#include "core/llm/role.h"

#include <QDateTime>
#include <QString>
#include <QStringList>
#include <QVector>

namespace alcove::storage {

using ChatId = qint64;
using MessageId = qint64;
inline constexpr qint64 kNoId = 0;

struct ChatSummary {
    ChatId id = kNoId;
    QString title; // empty: not named yet
    bool pinned = false;
    QDateTime createdAt; // UTC
    QDateTime updatedAt; // UTC, of the newest message
};

enum class MessageState {
    Complete,
    Streaming, // being written now
    Stopped, // the user stopped it
    Interrupted, // the app went away while it was written; what was saved is kept
    Failed, // an error ended it; see errorText
};

// Where a sentence of an answer stands in a document, as it was when the answer was made.
struct MessageCitation {
    int number = 0; // as the answer's text shows it: [1]
    QString path;
    QString title; // of the document; may be empty
    int pageKind = 0; // a documents::PageKind
    QString page; // its label: a number, or a sheet's name; may be empty
    qint64 begin = 0; // code points of the document's text
    qint64 end = 0;
    QString text; // exactly that part of it
    QString hash; // of the file, SHA-256

    bool operator==(const MessageCitation &) const = default;
};

struct Message {
    MessageId id = kNoId;
    MessageId parent = kNoId; // kNoId: first of the conversation
    llm::Role role = llm::Role::User;
    QString text;
    QString reasoning; // what the model thought before an answer; no part of `text`
    MessageState state = MessageState::Complete;
    QString errorText; // Failed: one sentence
    QString modelName; // of an assistant's message
    QDateTime createdAt; // UTC
    quint32 promptTokens = 0;
    quint32 answerTokens = 0;
    quint32 droppedMessages = 0; // oldest messages the model did not read for this answer
    double prefillSeconds = 0;
    double decodeSeconds = 0;
    double reasoningSeconds = 0; // from the first of the reasoning to the first of the answer
    quint32 passagesRead = 0; // of documents, for this answer
    QVector<MessageCitation> citations; // by their numbers
    int siblingIndex = 0; // among the versions with the same parent, oldest first
    int siblingCount = 1;
};

// What an answer has grown by since it was last saved.
struct AnswerPiece {
    QString text = {};
    QString reasoning = {};
    double reasoningSeconds = 0; // so far
};

struct Conversation {
    ChatSummary chat;
    QVector<Message> branch; // the active branch, oldest first
    QStringList collections; // of documents, that its questions are asked of; sorted
};

} // namespace alcove::storage

Q_DECLARE_METATYPE(alcove::storage::ChatSummary)
Q_DECLARE_METATYPE(alcove::storage::Message)
Q_DECLARE_METATYPE(alcove::storage::Conversation)
