// ChatStore: the queries on chats and messages.
//
// Lives on the storage thread, on its connection. Each method is one transaction: it happens wholly
// or not at all. Chats in the bin are found by no method but restore() and purge(). Fails with
// NotFound (the chat or message is no longer there) and with what a Database fails with.
#pragma once

#include "core/storage/chat_types.h"
#include "core/storage/sqlite.h"

namespace alcove::storage {

class ChatStore
{
public:
    explicit ChatStore(Database &database) : m_database(database) { }

    Result<QVector<ChatSummary>> list() const; // pinned first, then newest first
    // The chats in which every one of the words is found, in the title or in any message; a word
    // matches from its beginning. Without words: all chats. Order as in list().
    Result<QVector<ChatSummary>> search(const QString &words) const;
    Result<ChatSummary> summary(ChatId chat) const;
    Result<Conversation> conversation(ChatId chat) const;

    Result<ChatSummary> rename(ChatId chat, const QString &title);
    Result<ChatSummary> setPinned(ChatId chat, bool pinned);
    Result<> remove(ChatId chat, const QDateTime &now);
    Result<ChatSummary> restore(ChatId chat);
    // Deletes for good what was put in the bin before `limit`; how many chats.
    Result<int> purge(const QDateTime &limit);

    // The collections of documents that a chat's questions are asked of, by name; one that is not
    // there yet is created. The list as it is then, sorted.
    Result<QStringList> setCollections(ChatId chat, const QStringList &names);

    // An answer about to be written: the conversation ends with it, in state Streaming, and the
    // message before it is what it answers.
    struct AnswerDraft {
        QString modelName;
        QDateTime createdAt;
    };
    // Appends a prompt to the active branch of a chat, or starts a chat (kNoId) with this title.
    // `collectionsIfNew`: what a new chat's questions are asked of.
    Result<Conversation> addPrompt(ChatId chat, const QString &titleIfNew, const QString &text,
                                   const AnswerDraft &answer,
                                   const QStringList &collectionsIfNew = {});
    // Another version of a prompt, beside it.
    Result<Conversation> editPrompt(MessageId prompt, const QString &text,
                                    const AnswerDraft &answer);
    // Another answer to the same prompt, beside the one given.
    Result<Conversation> addAnswer(MessageId sibling, const AnswerDraft &answer);
    // Makes the branch of the index-th version of a message (its newest leaf) the active one.
    Result<Conversation> selectSibling(MessageId message, int index);

    // What a Streaming answer has grown by; numbers rise.
    Result<> appendPiece(MessageId message, qint64 number, const AnswerPiece &piece);
    // The end of a Streaming answer: its whole text and reasoning, state, error and figures.
    Result<> finishAnswer(const Message &message);
    // Answers that were being written when the app went away keep what is saved of them; how many.
    Result<int> interruptStreaming();

private:
    Result<QStringList> collections(ChatId chat) const;
    Result<> replaceCollections(ChatId chat, const QStringList &names);
    Result<MessageId> insertMessage(ChatId chat, std::optional<MessageId> parent,
                                    const Message &message);
    Result<Conversation> insertTurn(ChatId chat, std::optional<MessageId> parent,
                                    const QString *prompt, const AnswerDraft &answer);

    struct Place {
        ChatId chat;
        std::optional<MessageId> parent;
    };
    Result<Place> place(MessageId message, llm::Role role) const;
    Result<Place> place(MessageId message) const;

    Database &m_database;
};

} // namespace alcove::storage
