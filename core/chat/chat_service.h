// ChatService: everything that can be done to conversations, over the store and the engine.
//
// Lives on the GUI thread and never blocks it: SQL runs on the storage thread, inference on the
// engine's. A prompt is committed to disk before inference starts; a growing answer is saved at
// least once a second; an answer left Streaming by a crash is found Interrupted at the next start.
// Failures arrive as failed() with a sentence to show; nothing that was stored is lost by them. One
// answer is written at a time: a prompt sent meanwhile is refused, and given back. Where the chat
// has collections, the prompt's passages are found first, and the finished answer is checked
// against them.
#pragma once

#include "core/chat/chat_types.h"
#include "core/engine/chat_engine.h"

#include <QObject>
#include <memory>

namespace alcove::storage {
class StorageThread;
}
namespace alcove::documents {
class DocumentService;
}

namespace alcove::chat {

enum class SeedChoice {
    Fresh, // another seed for each answer, so that regenerating gives another answer
    Fixed, // sampling.seed
};

// How answers are made; set from the settings before an answer starts (answer_settings.h).
struct AnswerOptions {
    QString systemPrompt; // empty: none
    llm::SamplingParams sampling;
    SeedChoice seedChoice = SeedChoice::Fresh;
    quint32 maxTokens = 0; // 0: as many as the context holds
    engine::TemplateFallback templateFallback = engine::TemplateFallback::Refuse;
};

class ChatService : public QObject
{
    Q_OBJECT
public:
    // All outlive the service. Without `documents` no question is asked of any.
    ChatService(storage::StorageThread &storage, engine::ChatEngine &engine,
                documents::DocumentService *documents = nullptr, QObject *parent = nullptr);
    ~ChatService() override; // saves a growing answer and waits for the storage thread

    void setAnswerOptions(const AnswerOptions &options);
    void setModelName(const QString &name); // stored with each answer

    ChatId answeringChat() const; // kNoId when no answer is being written
    MessageId answeringMessage() const;

public slots:
    void listChats(); // -> chatsListed
    void searchChats(const QString &words); // -> searchFinished
    void openChat(alcove::chat::ChatId id); // -> chatOpened
    void renameChat(alcove::chat::ChatId id, const QString &title);
    void setPinned(alcove::chat::ChatId id, bool pinned);
    // What a chat's questions are asked of from now on, by name: -> collectionsChanged. Of a chat
    // not begun (kNoId) they are kept until its first prompt.
    void setCollections(alcove::chat::ChatId id, const QStringList &names);
    void deleteChat(alcove::chat::ChatId id); // soft, 30 days -> chatDeleted
    void restoreChat(alcove::chat::ChatId id); // undo -> chatChanged

    // Sends `text` in a chat, or in a new one (kNoId): -> chatChanged, messageAdded (user),
    // messageAdded (assistant, Streaming), answerTextAppended..., answerFinished; from a model that
    // thinks first answerReasoningAppended... and answerReasoningEnded before the text. A new chat
    // gets its title from the prompt. What cannot be stored is not sent: -> promptRejected, failed.
    void sendPrompt(alcove::chat::ChatId id, const QString &text);
    // A sibling answer: -> chatChanged, chatOpened (the new branch, which ends with the Streaming
    // answer), answerTextAppended..., answerFinished.
    void regenerate(alcove::chat::MessageId assistantMessage);
    // A sibling prompt and its answer: signals as for regenerate; or -> editRejected, failed.
    void editPrompt(alcove::chat::MessageId userMessage, const QString &text);
    // -> chatOpened with the other branch. An answer being written goes on in its own branch.
    void selectSibling(alcove::chat::MessageId message, int siblingIndex);
    void stopAnswer();

signals:
    void chatsListed(const QVector<alcove::chat::ChatSummary> &chats); // newest first, pinned first
    void searchFinished(const QString &words, const QVector<alcove::chat::ChatSummary> &chats);
    void chatOpened(const alcove::chat::Conversation &conversation);
    void chatChanged(
        const alcove::chat::ChatSummary &chat); // added, renamed, pinned, touched or restored
    void chatDeleted(alcove::chat::ChatId id);

    void messageAdded(alcove::chat::ChatId chat, const alcove::chat::Message &message);
    void collectionsChanged(alcove::chat::ChatId chat, const QStringList &names);
    // The documents have been searched for a prompt: so many passages were found.
    void passagesFound(alcove::chat::ChatId chat, alcove::chat::MessageId message, int passages);
    void promptProgress(alcove::chat::ChatId chat, alcove::chat::MessageId message,
                        double fraction);
    // What the model thinks before it answers, and how long it took, known when it begins to.
    void answerReasoningAppended(alcove::chat::ChatId chat, alcove::chat::MessageId message,
                                 const QString &text);
    void answerReasoningEnded(alcove::chat::ChatId chat, alcove::chat::MessageId message,
                              double seconds);
    void answerTextAppended(alcove::chat::ChatId chat, alcove::chat::MessageId message,
                            const QString &text);
    // The whole message as stored; Complete, Stopped or Failed.
    void answerFinished(alcove::chat::ChatId chat, const alcove::chat::Message &message,
                        const alcove::engine::GenerationResult &result);

    // The text was not stored: to be put back where it was typed. failed() follows with the reason.
    void promptRejected(alcove::chat::ChatId chat, const QString &text);
    void editRejected(alcove::chat::MessageId userMessage, const QString &text);

    void failed(const alcove::Error &error);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace alcove::chat
