// ChatDocuments: what the open chat's questions are asked of: the collections that are ticked, and
// files that belong to it alone.
//
// GUI thread; over ChatService, ChatViewModel and DocumentsViewModel, which outlive it. A chat that
// is not begun keeps its choice until its first prompt.
#pragma once

#include "app/chat/chat_view_model.h"
#include "app/documents/documents_view_model.h"

#include <QList>
#include <QObject>
#include <QStringList>
#include <QUrl>
#include <QVariantList>
#include <QtQml/qqmlregistration.h>

namespace alcove::chatui {

class ChatDocuments : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    // Of {documentId, name, status, busy, failed, locked, collection, path}: files of this chat.
    Q_PROPERTY(QVariantList attachments READ attachments NOTIFY changed FINAL)
    // Of {name, documents, ticked}.
    Q_PROPERTY(QVariantList collections READ collections NOTIFY changed FINAL)
    Q_PROPERTY(bool any READ any NOTIFY changed FINAL) // questions are asked of documents
    // "2 collections and 1 file"; empty: nothing.
    Q_PROPERTY(QString summary READ summary NOTIFY changed FINAL)
    // What the reader should know before asking, e.g. that a file is still being read; may be
    // empty.
    Q_PROPERTY(QString hint READ hint NOTIFY changed FINAL)
public:
    ChatDocuments(chat::ChatService &service, ChatViewModel &chat,
                  documentsui::DocumentsViewModel &documents, QObject *parent = nullptr);

    QVariantList attachments() const;
    QVariantList collections() const;
    bool any() const { return !m_ticked.isEmpty(); }
    QString summary() const;
    QString hint() const;

    // Files and folders for this chat alone. False: none of them can be read.
    Q_INVOKABLE bool attach(const QList<QUrl> &urls);
    Q_INVOKABLE void detach(qint64 document);
    Q_INVOKABLE void toggle(const QString &collection);
    // A file of this chat goes to a collection, which is ticked.
    Q_INVOKABLE void keep(qint64 document, const QString &collection);
    // What dropping these would do: "Ask about 3 documents"; empty: nothing.
    Q_INVOKABLE QString describeDrop(const QList<QUrl> &urls) const;

signals:
    void changed();

private:
    void setTicked(const QStringList &names);
    QString own() const; // the name of the chat's own collection; may be empty

    chat::ChatService &m_service;
    ChatViewModel &m_chat;
    documentsui::DocumentsViewModel &m_documents;
    qint64 m_id = chat::kNoId; // of the chat that is shown
    QStringList m_ticked;
    QStringList m_tickedIfNew;
};

} // namespace alcove::chatui
