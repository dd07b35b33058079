// ChatViewModel: the open conversation, the text being typed, and the answer being written.
//
// GUI thread; over ChatService, ModelViewModel and Settings, which outlive it. What fails shows in
// errorText; a prompt that could not be stored is put back as the draft.
#pragma once

#include "app/chat/draft_store.h"
#include "app/chat/message_list_model.h"
#include "app/models/model_view_model.h"
#include "core/chat/chat_service.h"

#include <QObject>
#include <QPair>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace alcove::chatui {

class ChatViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    Q_PROPERTY(qint64 chatId READ chatId NOTIFY chatChanged FINAL) // 0: a chat not begun
    Q_PROPERTY(bool begun READ begun NOTIFY chatChanged FINAL) // it is stored and has a number
    Q_PROPERTY(QString title READ title NOTIFY chatChanged FINAL)
    Q_PROPERTY(alcove::chatui::MessageListModel *messages READ messages CONSTANT FINAL)
    Q_PROPERTY(QString draft READ draft WRITE setDraft NOTIFY draftChanged FINAL)
    Q_PROPERTY(bool sendWithEnter READ sendWithEnter NOTIFY sendWithEnterChanged FINAL)
    Q_PROPERTY(bool answering READ answering NOTIFY answeringChanged FINAL) // in this chat
    Q_PROPERTY(bool canSend READ canSend NOTIFY canSendChanged FINAL)
    // Why nothing can be sent now, in words; empty: it can.
    Q_PROPERTY(QString sendHint READ sendHint NOTIFY canSendChanged FINAL)
    Q_PROPERTY(double contextFraction READ contextFraction NOTIFY contextChanged FINAL)
    Q_PROPERTY(QString contextText READ contextText NOTIFY contextChanged FINAL)
    // What the header says of the model: its state in a word or two, and the device's short name.
    Q_PROPERTY(QString modelStatus READ modelStatus NOTIFY modelStatusChanged FINAL)
    Q_PROPERTY(QString deviceBadge READ deviceBadge NOTIFY modelStatusChanged FINAL)
    // The model's chat template does not work and the user has not agreed to ChatML: what is wrong.
    Q_PROPERTY(QString templateError READ templateError NOTIFY modelStatusChanged FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)
    Q_PROPERTY(QString errorDetails READ errorDetails NOTIFY errorTextChanged FINAL)
public:
    ChatViewModel(chat::ChatService &service, models::ModelViewModel &models,
                  storage::Settings &settings, QObject *parent = nullptr);

    qint64 chatId() const { return m_chat.id; }
    bool begun() const { return m_chat.id != chat::kNoId; }
    QString title() const;
    MessageListModel *messages() { return &m_messages; }
    QString draft() const { return m_drafts.draft(m_chat.id); }
    void setDraft(const QString &draft);
    bool sendWithEnter() const;
    bool answering() const;
    bool canSend() const;
    QString sendHint() const;
    double contextFraction() const;
    QString contextText() const;
    QString modelStatus() const;
    QString deviceBadge() const;
    QString templateError() const;
    QString errorText() const { return m_errorText; }
    QString errorDetails() const { return m_errorDetails; }

    Q_INVOKABLE void newChat();
    Q_INVOKABLE void open(qint64 chat);
    Q_INVOKABLE void rename(qint64 chat, const QString &title);
    Q_INVOKABLE void renameThis(const QString &title) { rename(m_chat.id, title); }
    Q_INVOKABLE void setPinned(qint64 chat, bool pinned);
    Q_INVOKABLE void remove(qint64 chat, const QString &title); // -> removed
    Q_INVOKABLE void restore(qint64 chat);

    Q_INVOKABLE void send();
    Q_INVOKABLE void stop();
    Q_INVOKABLE void regenerate(qint64 message);
    Q_INVOKABLE void edit(qint64 message, const QString &text);
    Q_INVOKABLE void selectSibling(qint64 message, int siblingIndex);
    Q_INVOKABLE void agreeToChatMl(); // for the model in use, until another is chosen
    Q_INVOKABLE void clearError();

signals:
    void chatChanged();
    void draftChanged(); // from outside the composer: another chat, or a text put back
    void sendWithEnterChanged();
    void answeringChanged();
    void canSendChanged();
    void contextChanged();
    void modelStatusChanged();
    void errorTextChanged();

    void opened(); // another conversation is shown
    void sent(); // the user's message is in the list
    void removed(qint64 chat, const QString &title);
    void editRejected(qint64 message, const QString &text);

private:
    void connectService();
    void setChat(const chat::ChatSummary &chat);
    void applyOptions();
    void showError(const Error &error);
    void setContextUsed(quint32 tokens);
    void contextFromMessages();
    void noteAnswering();

    chat::ChatService &m_service;
    models::ModelViewModel &m_models;
    storage::Settings &m_settings;
    DraftStore m_drafts;
    MessageListModel m_messages;

    chat::ChatSummary m_chat;
    qint64 m_opening = chat::kNoId; // asked for, not here yet
    bool m_beginning = false; // a new chat's first prompt is on its way
    bool m_sending = false; // a prompt is on its way to the disk
    QPair<qint64, QString> m_removed; // number and title of the last chat deleted here
    QString m_agreedToChatMl; // path of the model
    quint32 m_contextUsed = 0;
    QString m_errorText;
    QString m_errorDetails;
};

} // namespace alcove::chatui
