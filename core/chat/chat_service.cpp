#include "core/chat/chat_service.h"

#include "core/chat/answer_writer.h"
#include "core/chat/chat_title.h"
#include "core/chat/document_turn.h"
#include "core/chat/prompt_messages.h"
#include "core/documents/document_service.h"
#include "core/storage/storage_thread.h"

#include <QRandomGenerator>

namespace alcove::chat {

using engine::GenerationResult;
using storage::Store;

namespace {

constexpr int kBinDays = 30;
constexpr int kMostPassages = 32; // that are looked at; the context decides how many are read

} // namespace

class ChatService::Private
{
public:
    Private(ChatService *service, storage::StorageThread &storageThread,
            engine::ChatEngine &chatEngine, documents::DocumentService *documentService)
        : q(service), storage(storageThread), engine(chatEngine), documents(documentService),
          writer(storageThread)
    { }

    enum class Phase {
        Idle,
        Storing, // the prompt is on its way to the disk
        Searching, // its passages are being found
        Answering, // the engine writes
        Checking, // the answer against them
        Saving, // the whole answer is on its way to the disk
    };

    // Where a prompt that cannot be stored goes back to.
    using GiveBack = std::function<void()>;
    enum class Announce { AddedMessages, OpenedBranch };
    template <typename Work>
    void startTurn(Work work, Announce announce, GiveBack giveBack);
    bool refuse(const QString &text, const GiveBack &giveBack);
    void turnStored(Conversation turn, Announce announce);
    void search(const Conversation &turn);
    void generate(const QVector<Message> &branch);
    void check(MessageState state, const GenerationResult &result);
    void finish(MessageState state, const GenerationResult &result, const QString &errorText = {});
    void finishStopped();
    bool knowsMessage() const { return phase != Phase::Idle && phase != Phase::Storing; }

    template <typename Work>
    void changeChat(Work work);
    void opened(Result<Conversation> conversation);

    storage::ChatStore::AnswerDraft draft() const
    {
        return {modelName, QDateTime::currentDateTimeUtc()};
    }

    ChatService *q;
    storage::StorageThread &storage;
    engine::ChatEngine &engine;
    documents::DocumentService *documents;
    AnswerWriter writer;
    AnswerOptions options;
    QString modelName;

    Phase phase = Phase::Idle;
    enum class Wish { GoOn, Stop } wish = Wish::GoOn;
    quint64 request = 0; // the running one, or the last
    ChatId chat = kNoId; // of the answer being written

    QStringList collectionsIfNew; // of a chat not begun
    // What was found for the prompt at hand, and how much of it the model was given: written on the
    // inference thread before the answer begins.
    std::shared_ptr<const documents::QuestionPassages> passages;
    std::shared_ptr<std::size_t> read;
};

ChatService::ChatService(storage::StorageThread &storage, engine::ChatEngine &engine,
                         documents::DocumentService *documents, QObject *parent)
    : QObject(parent), d(std::make_unique<Private>(this, storage, engine, documents))
{
    using engine::ChatEngine;
    connect(&engine, &ChatEngine::promptProgress, this,
            [this](quint64 id, quint32 done, quint32 total) {
                if (d->phase == Private::Phase::Answering && id == d->request && total > 0)
                    emit promptProgress(d->chat, d->writer.message().id,
                                        std::min(1.0, double(done) / double(total)));
            });
    connect(&engine, &ChatEngine::reasoningAppended, this, [this](quint64 id, const QString &text) {
        if (d->phase != Private::Phase::Answering || id != d->request)
            return;
        d->writer.appendReasoning(text);
        emit answerReasoningAppended(d->chat, d->writer.message().id, text);
    });
    connect(&engine, &ChatEngine::textAppended, this, [this](quint64 id, const QString &text) {
        if (d->phase != Private::Phase::Answering || id != d->request)
            return;
        if (d->writer.append(text) == AnswerWriter::ReasoningEnd::Now)
            emit answerReasoningEnded(d->chat, d->writer.message().id,
                                      d->writer.message().reasoningSeconds);
        emit answerTextAppended(d->chat, d->writer.message().id, text);
    });
    connect(&engine, &ChatEngine::generationFinished, this,
            [this](quint64 id, const GenerationResult &result) {
                if (d->phase != Private::Phase::Answering || id != d->request)
                    return;
                const bool stopped = result.reason == engine::StopReason::Stopped;
                d->check(stopped ? MessageState::Stopped : MessageState::Complete, result);
            });
    connect(&engine, &ChatEngine::generationFailed, this, [this](quint64 id, const Error &error) {
        if (d->phase != Private::Phase::Answering || id != d->request)
            return;
        GenerationResult result;
        if (error.cancelled()) {
            result.reason = engine::StopReason::Stopped;
            d->finish(MessageState::Stopped, result);
            return;
        }
        emit failed(error);
        d->finish(MessageState::Failed, result, QString::fromStdString(error.message));
    });
    connect(&d->writer, &AnswerWriter::saveFailed, this, &ChatService::failed);

    d->storage.run(
        this,
        [](Store &store) -> Result<> {
            if (auto done = store.chats().interruptStreaming(); !done)
                return fail(std::move(done.error()));
            const QDateTime limit = QDateTime::currentDateTimeUtc().addDays(-kBinDays);
            if (auto done = store.chats().purge(limit); !done)
                return fail(std::move(done.error()));
            return {};
        },
        [this](Result<> done) {
            if (!done)
                emit failed(done.error());
        });
}

ChatService::~ChatService()
{
    d->engine.disconnect(this);
    if (d->phase == Private::Phase::Answering)
        d->engine.stop();
    d->writer.interrupt();
    // Waits for all work given before; catches a turn that was just being stored.
    (void)d->storage.runBlocking([](Store &store) { return store.chats().interruptStreaming(); });
}

void ChatService::setAnswerOptions(const AnswerOptions &options)
{
    d->options = options;
}

void ChatService::setModelName(const QString &name)
{
    d->modelName = name;
}

ChatId ChatService::answeringChat() const
{
    return d->phase == Private::Phase::Idle ? kNoId : d->chat;
}

MessageId ChatService::answeringMessage() const
{
    return d->knowsMessage() ? d->writer.message().id : kNoId;
}

void ChatService::listChats()
{
    d->storage.run(
        this, [](Store &store) { return store.chats().list(); },
        [this](Result<QVector<ChatSummary>> chats) {
            if (chats)
                emit chatsListed(*chats);
            else
                emit failed(chats.error());
        });
}

void ChatService::searchChats(const QString &words)
{
    d->storage.run(
        this, [words](Store &store) { return store.chats().search(words); },
        [this, words](Result<QVector<ChatSummary>> chats) {
            if (chats)
                emit searchFinished(words, *chats);
            else
                emit failed(chats.error());
        });
}

void ChatService::openChat(ChatId id)
{
    d->storage.run(
        this, [id](Store &store) { return store.chats().conversation(id); },
        [this](Result<Conversation> conversation) { d->opened(std::move(conversation)); });
}

void ChatService::selectSibling(MessageId message, int siblingIndex)
{
    d->storage.run(
        this,
        [message, siblingIndex](Store &store) {
            return store.chats().selectSibling(message, siblingIndex);
        },
        [this](Result<Conversation> conversation) { d->opened(std::move(conversation)); });
}

void ChatService::Private::opened(Result<Conversation> conversation)
{
    if (!conversation) {
        emit q->failed(conversation.error());
        return;
    }
    // The view has to see all text up to now: what comes next is appended to it.
    writer.amend(conversation->branch);
    emit q->chatOpened(*conversation);
}

template <typename Work>
void ChatService::Private::changeChat(Work work)
{
    storage.run(q, std::move(work), [this](Result<ChatSummary> chatSummary) {
        if (chatSummary)
            emit q->chatChanged(*chatSummary);
        else
            emit q->failed(chatSummary.error());
    });
}

void ChatService::renameChat(ChatId id, const QString &title)
{
    d->changeChat([id, title](Store &store) { return store.chats().rename(id, title); });
}

void ChatService::setPinned(ChatId id, bool pinned)
{
    d->changeChat([id, pinned](Store &store) { return store.chats().setPinned(id, pinned); });
}

void ChatService::restoreChat(ChatId id)
{
    d->changeChat([id](Store &store) { return store.chats().restore(id); });
}

void ChatService::setCollections(ChatId id, const QStringList &names)
{
    if (id == kNoId) {
        d->collectionsIfNew = names;
        emit collectionsChanged(id, names);
        return;
    }
    d->storage.run(
        this, [id, names](Store &store) { return store.chats().setCollections(id, names); },
        [this, id](Result<QStringList> now) {
            if (now)
                emit collectionsChanged(id, *now);
            else
                emit failed(now.error());
        });
}

void ChatService::deleteChat(ChatId id)
{
    if (id != kNoId && id == answeringChat())
        stopAnswer();
    d->storage.run(
        this,
        [id](Store &store) { return store.chats().remove(id, QDateTime::currentDateTimeUtc()); },
        [this, id](Result<> done) {
            if (done)
                emit chatDeleted(id);
            else
                emit failed(done.error());
        });
}

void ChatService::sendPrompt(ChatId id, const QString &text)
{
    const auto giveBack = [this, id, text] { emit promptRejected(id, text); };
    if (d->refuse(text, giveBack))
        return;
    d->chat = id;
    d->startTurn(
        [id, text, title = titleFromPrompt(text), draft = d->draft(),
         collections = d->collectionsIfNew](Store &store) {
            return store.chats().addPrompt(id, title, text, draft, collections);
        },
        Private::Announce::AddedMessages, giveBack);
}

void ChatService::editPrompt(MessageId userMessage, const QString &text)
{
    const auto giveBack = [this, userMessage, text] { emit editRejected(userMessage, text); };
    if (d->refuse(text, giveBack))
        return;
    d->chat = kNoId;
    d->startTurn([userMessage, text, draft = d->draft()](
                     Store &store) { return store.chats().editPrompt(userMessage, text, draft); },
                 Private::Announce::OpenedBranch, giveBack);
}

void ChatService::regenerate(MessageId assistantMessage)
{
    const auto nothingTyped = [] {};
    if (d->refuse(QStringLiteral("-"), nothingTyped))
        return;
    d->chat = kNoId;
    d->startTurn([assistantMessage, draft = d->draft()](
                     Store &store) { return store.chats().addAnswer(assistantMessage, draft); },
                 Private::Announce::OpenedBranch, nothingTyped);
}

bool ChatService::Private::refuse(const QString &text, const GiveBack &giveBack)
{
    Error error{ErrorCode::InvalidArgument, {}, {}};
    if (phase != Phase::Idle)
        error.message = "An answer is still being written. Wait for it or stop it first; your text "
                        "is kept.";
    else if (text.trimmed().isEmpty())
        error.message = "There is no text to send. Type something first.";
    else
        return false;
    giveBack();
    emit q->failed(error);
    return true;
}

template <typename Work>
void ChatService::Private::startTurn(Work work, Announce announce, GiveBack giveBack)
{
    phase = Phase::Storing;
    wish = Wish::GoOn;
    // The callback comes after the commit: nothing is generated for a prompt that is not on disk.
    storage.run(q, std::move(work),
                [this, announce, giveBack = std::move(giveBack)](Result<Conversation> turn) {
                    if (turn) {
                        turnStored(std::move(*turn), announce);
                        return;
                    }
                    phase = Phase::Idle;
                    chat = kNoId;
                    giveBack();
                    emit q->failed(turn.error());
                });
}

void ChatService::Private::turnStored(Conversation turn, Announce announce)
{
    writer.amend(turn.branch); // an earlier answer may still wait for room on the disk
    chat = turn.chat.id;
    writer.begin(turn.branch.last());
    // Before the signals: what they call sees the answer as running.
    phase = Phase::Searching;
    ++request;
    passages.reset();
    read.reset();

    emit q->chatChanged(turn.chat);
    if (announce == Announce::OpenedBranch) {
        emit q->chatOpened(turn);
    } else {
        const Message prompt = turn.branch.at(turn.branch.size() - 2);
        emit q->messageAdded(chat, prompt);
        emit q->messageAdded(chat, turn.branch.last());
    }
    turn.branch.removeLast();
    if (documents && !turn.collections.isEmpty())
        search(turn);
    else
        generate(turn.branch);
}

void ChatService::Private::search(const Conversation &turn)
{
    documents::DocumentQuestion question;
    question.text = turn.branch.last().text;
    question.collections = turn.collections;
    for (qsizetype i = 0; i + 1 < turn.branch.size(); ++i) {
        if (turn.branch[i].role == engine::Role::User)
            question.earlier << turn.branch[i].text;
    }
    documents->ask(
        q,
        [question, embed = documents->embedder()](documents::DocumentIndex &index,
                                                  storage::Database &) {
            return documents::passagesFor(index, question, kMostPassages, embed);
        },
        [this, branch = turn.branch](Result<documents::QuestionPassages> found) {
            if (!found) {
                emit q->failed(found.error());
                finish(MessageState::Failed, {}, QString::fromStdString(found.error().message));
                return;
            }
            passages = std::make_shared<documents::QuestionPassages>(std::move(*found));
            emit q->passagesFound(chat, writer.message().id, int(passages->hits.size()));
            generate(branch);
        });
}

void ChatService::Private::generate(const QVector<Message> &branch)
{
    if (wish == Wish::Stop) {
        finishStopped();
        return;
    }
    phase = Phase::Answering;
    engine::GenerateRequest generate;
    generate.id = request;
    generate.messages = promptMessages(branch, options.systemPrompt);
    generate.sampling = options.sampling;
    // Who fixed the seed wants the same text again, whatever the cache holds.
    generate.shift = options.seedChoice == SeedChoice::Fresh ? engine::ContextShift::Allow
                                                             : engine::ContextShift::Never;
    if (options.seedChoice == SeedChoice::Fresh)
        generate.sampling.seed = QRandomGenerator::global()->generate64();
    generate.maxTokens = options.maxTokens;
    generate.templateFallback = options.templateFallback;
    if (passages) {
        read = std::make_shared<std::size_t>(0);
        generate.compose = [passages = passages, read = read, maxTokens = options.maxTokens](
                               const QVector<engine::PromptMessage> &messages,
                               const engine::CountTokens &count, quint32 length) {
            return documentPrompt(messages, *passages, count, length, maxTokens, *read);
        };
    }
    engine.generate(generate);
}

// The answer is whole: where it stands in the documents, if it was asked of any.
void ChatService::Private::check(MessageState state, const GenerationResult &result)
{
    if (!passages || writer.message().text.trimmed().isEmpty()) {
        finish(state, result);
        return;
    }
    phase = Phase::Checking;
    std::vector<documents::Hit> given(passages->hits.begin(),
                                      passages->hits.begin()
                                          + std::ptrdiff_t(std::min(*read, passages->hits.size())));
    const auto count = quint32(given.size());
    documents->ask(
        q,
        [text = writer.message().text, given = std::move(given)](documents::DocumentIndex &index,
                                                                 storage::Database &) {
            return checkAnswer(index, text, given);
        },
        [this, state, result, count](Result<CheckedAnswer> checked) {
            if (checked)
                writer.setChecked(checked->text, checked->citations, count);
            else
                emit q->failed(checked.error()); // the answer itself is kept
            finish(state, result);
        });
}

void ChatService::Private::finishStopped()
{
    GenerationResult result;
    result.reason = engine::StopReason::Stopped;
    finish(MessageState::Stopped, result);
}

void ChatService::stopAnswer()
{
    d->wish = Private::Wish::Stop;
    if (d->phase == Private::Phase::Answering)
        d->engine.stop();
}

void ChatService::Private::finish(MessageState state, const GenerationResult &result,
                                  const QString &errorText)
{
    phase = Phase::Saving;
    const ChatId finishedChat = chat;
    writer.finish(state, result, errorText, [this, finishedChat, result](const Message &message) {
        phase = Phase::Idle;
        chat = kNoId;
        emit q->answerFinished(finishedChat, message, result);
    });
}

} // namespace alcove::chat
