// ChatStore: the queries on chats and messages.
//
// Lives on the storage thread, on its connection. Each method is one transaction: it happens wholly
// or not at all. Chats in the bin are found by no method but restore() and purge(). Fails with
// NotFound (the chat or message is no longer there) and with what a Database fails with.
#pragma once

#include "core/chat/chat_types.h"
#include "core/storage/sqlite.h"

namespace alcove::storage {

class ChatStore
{
public:
    explicit ChatStore(Database &database) : m_database(database) { }

    Result<QVector<chat::ChatSummary>> list() const; // pinned first, then newest first
    // The chats in which every one of the words is found, in the title or in any message; a word
    // matches from its beginning. Without words: all chats. Order as in list().
    Result<QVector<chat::ChatSummary>> search(const QString &words) const;
    Result<chat::ChatSummary> summary(chat::ChatId chat) const;
    Result<chat::Conversation> conversation(chat::ChatId chat) const;

    Result<chat::ChatSummary> rename(chat::ChatId chat, const QString &title);
    Result<chat::ChatSummary> setPinned(chat::ChatId chat, bool pinned);
    Result<> remove(chat::ChatId chat, const QDateTime &now);
    Result<chat::ChatSummary> restore(chat::ChatId chat);
    // Deletes for good what was put in the bin before `limit`; how many chats.
    Result<int> purge(const QDateTime &limit);

    // An answer about to be written: the conversation ends with it, in state Streaming, and the
    // message before it is what it answers.
    struct AnswerDraft {
        QString modelName;
        QDateTime createdAt;
    };
    // Appends a prompt to the active branch of a chat, or starts a chat (kNoId) with this title.
    Result<chat::Conversation> addPrompt(chat::ChatId chat, const QString &titleIfNew,
                                         const QString &text, const AnswerDraft &answer);
    // Another version of a prompt, beside it.
    Result<chat::Conversation> editPrompt(chat::MessageId prompt, const QString &text,
                                          const AnswerDraft &answer);
    // Another answer to the same prompt, beside the one given.
    Result<chat::Conversation> addAnswer(chat::MessageId sibling, const AnswerDraft &answer);
    // Makes the branch of the index-th version of a message (its newest leaf) the active one.
    Result<chat::Conversation> selectSibling(chat::MessageId message, int index);

    // The next part of a Streaming answer's text; numbers rise.
    Result<> appendPiece(chat::MessageId message, qint64 number, const QString &text);
    // The end of a Streaming answer: its whole text, state, error and figures.
    Result<> finishAnswer(const chat::Message &message);
    // Answers that were being written when the app went away keep the text saved of them; how many.
    Result<int> interruptStreaming();

private:
    Result<chat::MessageId> insertMessage(chat::ChatId chat, std::optional<chat::MessageId> parent,
                                          const chat::Message &message);
    Result<chat::Conversation> insertTurn(chat::ChatId chat, std::optional<chat::MessageId> parent,
                                          const QString *prompt, const AnswerDraft &answer);

    struct Place {
        chat::ChatId chat;
        std::optional<chat::MessageId> parent;
    };
    Result<Place> place(chat::MessageId message, engine::Role role) const;
    Result<Place> place(chat::MessageId message) const;

    Database &m_database;
};

} // namespace alcove::storage
