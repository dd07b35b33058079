#include "app/chat/chat_view_model.h"

#include "app/chat/chat_list_model.h"
#include "app/chat/device_badge.h"
#include "core/chat/answer_settings.h"
#include "core/storage/settings.h"

#include <QLocale>

#include <algorithm>

namespace alcove::chatui {

using chat::ChatId;
using chat::ChatService;
using chat::ChatSummary;
using chat::Conversation;
using chat::Message;
using chat::MessageId;
using models::ModelViewModel;

namespace {

// English prose: what a person can make of a number of tokens.
constexpr double kWordsPerToken = 0.75;

} // namespace

ChatViewModel::ChatViewModel(ChatService &service, ModelViewModel &models,
                             storage::Settings &settings, QObject *parent)
    : QObject(parent), m_service(service), m_models(models), m_settings(settings),
      m_drafts(settings)
{
    connectService();
    connect(&m_models, &ModelViewModel::stateChanged, this, [this] {
        m_service.setModelName(m_models.name());
        applyOptions();
        emit modelStatusChanged();
        emit canSendChanged();
        emit contextChanged();
    });
    connect(&m_models, &ModelViewModel::progressChanged, this, [this] {
        emit modelStatusChanged();
        emit canSendChanged();
    });
    connect(&m_settings, &storage::Settings::changed, this, [this](const QString &key) {
        if (key.startsWith(QLatin1String("window.")))
            return;
        if (key == QLatin1String("sendWithEnter"))
            emit sendWithEnterChanged();
        applyOptions();
    });
    applyOptions();
}

void ChatViewModel::connectService()
{
    connect(&m_service, &ChatService::chatOpened, this, [this](const Conversation &conversation) {
        const ChatId id = conversation.chat.id;
        if (id != m_opening && id != m_chat.id)
            return; // another chat was asked for meanwhile
        const bool another = id != m_chat.id;
        m_sending = false;
        if (id == m_opening)
            m_opening = chat::kNoId;
        setChat(conversation.chat);
        m_messages.setBranch(conversation.branch);
        contextFromMessages();
        noteAnswering();
        if (another) {
            emit draftChanged();
            emit opened();
        }
    });
    connect(&m_service, &ChatService::chatChanged, this, [this](const ChatSummary &chat) {
        const bool begun = m_beginning && chat.id == m_service.answeringChat();
        if (begun) {
            // The new chat has its number now; what was typed meanwhile goes with it.
            m_beginning = false;
            m_drafts.setDraft(chat.id, m_drafts.draft(chat::kNoId));
            m_drafts.setDraft(chat::kNoId, {});
        }
        if (begun || (chat.id == m_chat.id && m_chat.id != chat::kNoId))
            setChat(chat);
    });
    connect(&m_service, &ChatService::chatDeleted, this, [this](ChatId id) {
        if (id == m_chat.id)
            newChat();
        if (id == m_removed.first)
            emit removed(id, m_removed.second);
    });
    connect(&m_service, &ChatService::messageAdded, this,
            [this](ChatId id, const Message &message) {
                if (id != m_chat.id)
                    return;
                m_sending = false;
                m_messages.add(message);
                noteAnswering();
                if (message.role == llm::Role::User)
                    emit sent();
            });
    connect(&m_service, &ChatService::promptProgress, this,
            [this](ChatId id, MessageId message, double fraction) {
                if (id == m_chat.id)
                    m_messages.setPromptProgress(message, fraction);
            });
    connect(&m_service, &ChatService::answerReasoningAppended, this,
            [this](ChatId id, MessageId message, const QString &text) {
                if (id == m_chat.id)
                    m_messages.appendReasoning(message, text);
            });
    connect(&m_service, &ChatService::answerReasoningEnded, this,
            [this](ChatId id, MessageId message, double seconds) {
                if (id == m_chat.id)
                    m_messages.endReasoning(message, seconds);
            });
    connect(&m_service, &ChatService::answerTextAppended, this,
            [this](ChatId id, MessageId message, const QString &text) {
                if (id == m_chat.id)
                    m_messages.appendText(message, text);
            });
    connect(&m_service, &ChatService::answerFinished, this,
            [this](ChatId id, const Message &message, const engine::GenerationResult &result) {
                if (id == m_chat.id) {
                    m_messages.finish(message);
                    // The message says it itself, with a way to try again.
                    if (m_errorText == message.errorText)
                        clearError();
                    if (result.contextUsed > 0)
                        setContextUsed(result.contextUsed);
                }
                noteAnswering();
            });
    connect(&m_service, &ChatService::promptRejected, this, [this](ChatId id, const QString &text) {
        m_sending = false;
        m_beginning = false;
        // What was typed meanwhile is kept below what comes back.
        const QString typed = m_drafts.draft(id);
        m_drafts.setDraft(id, typed.isEmpty() ? text : text + QLatin1Char('\n') + typed);
        if (id == m_chat.id)
            emit draftChanged();
        noteAnswering();
    });
    connect(&m_service, &ChatService::editRejected, this,
            [this](MessageId id, const QString &text) {
                m_sending = false;
                noteAnswering();
                emit editRejected(id, text);
            });
    connect(&m_service, &ChatService::failed, this, &ChatViewModel::showError);
}

void ChatViewModel::setChat(const ChatSummary &chat)
{
    m_chat = chat;
    emit chatChanged();
}

QString ChatViewModel::title() const
{
    return ChatListModel::shownTitle(m_chat.title);
}

void ChatViewModel::setDraft(const QString &draft)
{
    if (draft == m_drafts.draft(m_chat.id))
        return;
    m_drafts.setDraft(m_chat.id, draft);
    emit canSendChanged();
}

bool ChatViewModel::sendWithEnter() const
{
    return m_settings.value(QStringLiteral("sendWithEnter"), true).toBool();
}

bool ChatViewModel::answering() const
{
    return m_service.answeringChat() != chat::kNoId && m_service.answeringChat() == m_chat.id;
}

QString ChatViewModel::sendHint() const
{
    switch (m_models.state()) {
    case ModelViewModel::None:
        return tr("Choose a model first.");
    case ModelViewModel::Loading:
        return tr("The model is being loaded, %1 %. You can type meanwhile.")
            .arg(int(m_models.progress() * 100));
    case ModelViewModel::Failed:
        return tr("The model could not be loaded.");
    case ModelViewModel::Ready:
        break;
    }
    if (!templateError().isEmpty())
        return tr("This model's chat template does not work.");
    if (m_service.answeringChat() != chat::kNoId && !answering())
        return tr("An answer is being written in another chat.");
    return {};
}

bool ChatViewModel::canSend() const
{
    return m_service.answeringChat() == chat::kNoId && !m_sending && sendHint().isEmpty()
        && !draft().trimmed().isEmpty();
}

double ChatViewModel::contextFraction() const
{
    const int length = m_models.contextLength();
    return length > 0 ? std::min(1.0, double(m_contextUsed) / length) : 0;
}

QString ChatViewModel::contextText() const
{
    const int length = m_models.contextLength();
    if (length <= 0 || m_contextUsed == 0)
        return {};
    const double left = std::max(0.0, (double(length) - m_contextUsed) * kWordsPerToken);
    const qint64 rounded = left >= 1000 ? qint64(left / 100) * 100 : qint64(left / 10) * 10;
    return tr("About %1 words of context left").arg(QLocale().toString(rounded));
}

void ChatViewModel::setContextUsed(quint32 tokens)
{
    m_contextUsed = tokens;
    emit contextChanged();
}

void ChatViewModel::contextFromMessages()
{
    quint32 used = 0;
    for (int row = m_messages.count() - 1; row >= 0 && used == 0; --row) {
        const Message &message = m_messages.message(row);
        used = message.promptTokens + message.answerTokens;
    }
    setContextUsed(used);
}

void ChatViewModel::noteAnswering()
{
    emit answeringChanged();
    emit canSendChanged();
}

void ChatViewModel::applyOptions()
{
    chat::AnswerOptions options = chat::answerOptions(m_settings, m_models.recommendedSampling());
    options.templateFallback = m_models.path() == m_agreedToChatMl && !m_agreedToChatMl.isEmpty()
        ? engine::TemplateFallback::ChatMl
        : engine::TemplateFallback::Refuse;
    m_service.setAnswerOptions(options);
}

QString ChatViewModel::modelStatus() const
{
    switch (m_models.state()) {
    case ModelViewModel::None:
        return tr("No model");
    case ModelViewModel::Loading:
        return tr("Loading, %1 %").arg(int(m_models.progress() * 100));
    case ModelViewModel::Ready:
        return tr("Ready");
    case ModelViewModel::Failed:
        return tr("Could not be loaded");
    }
    return {};
}

QString ChatViewModel::deviceBadge() const
{
    return chatui::deviceBadge(m_models.device());
}

QString ChatViewModel::templateError() const
{
    return m_models.path() == m_agreedToChatMl ? QString() : m_models.templateError();
}

void ChatViewModel::agreeToChatMl()
{
    m_agreedToChatMl = m_models.path();
    applyOptions();
    emit modelStatusChanged();
    emit canSendChanged();
}

void ChatViewModel::newChat()
{
    m_opening = chat::kNoId;
    m_beginning = false;
    if (m_chat.id == chat::kNoId && m_messages.count() == 0) {
        emit opened();
        return;
    }
    setChat({});
    m_messages.setBranch({});
    setContextUsed(0);
    noteAnswering();
    emit draftChanged();
    emit opened();
}

void ChatViewModel::open(qint64 chat)
{
    if (chat == m_chat.id) {
        m_opening = chat::kNoId;
        emit opened();
        return;
    }
    m_beginning = false;
    m_opening = chat;
    m_service.openChat(chat);
}

void ChatViewModel::rename(qint64 chat, const QString &title)
{
    const QString name = title.simplified();
    if (!name.isEmpty() && chat != chat::kNoId)
        m_service.renameChat(chat, name);
}

void ChatViewModel::setPinned(qint64 chat, bool pinned)
{
    m_service.setPinned(chat, pinned);
}

void ChatViewModel::remove(qint64 chat, const QString &title)
{
    m_removed = {chat, title};
    m_service.deleteChat(chat);
}

void ChatViewModel::restore(qint64 chat)
{
    m_service.restoreChat(chat);
    open(chat);
}

void ChatViewModel::send()
{
    if (!canSend())
        return;
    const QString text = draft().trimmed();
    clearError();
    m_sending = true;
    m_beginning = m_chat.id == chat::kNoId;
    m_drafts.setDraft(m_chat.id, {});
    emit draftChanged();
    m_service.sendPrompt(m_chat.id, text);
    noteAnswering();
}

void ChatViewModel::stop()
{
    m_service.stopAnswer();
}

void ChatViewModel::regenerate(qint64 message)
{
    clearError();
    m_service.regenerate(message);
    noteAnswering();
}

void ChatViewModel::edit(qint64 message, const QString &text)
{
    if (text.trimmed().isEmpty())
        return;
    clearError();
    m_service.editPrompt(message, text.trimmed());
    noteAnswering();
}

void ChatViewModel::selectSibling(qint64 message, int siblingIndex)
{
    m_service.selectSibling(message, siblingIndex);
}

void ChatViewModel::showError(const Error &error)
{
    if (error.cancelled())
        return;
    m_sending = false;
    m_errorText = QString::fromStdString(error.message);
    m_errorDetails = QString::fromStdString(error.detail);
    emit errorTextChanged();
    noteAnswering();
}

void ChatViewModel::clearError()
{
    if (m_errorText.isEmpty())
        return;
    m_errorText.clear();
    m_errorDetails.clear();
    emit errorTextChanged();
}

} // namespace alcove::chatui
