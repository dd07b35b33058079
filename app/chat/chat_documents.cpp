#include "app/chat/chat_documents.h"

#include "app/documents/places.h"

#include <algorithm>

namespace alcove::chatui {

using documents::Collections;
using documentsui::DocumentListModel;
using documentsui::DocumentsViewModel;

ChatDocuments::ChatDocuments(chat::ChatService &service, ChatViewModel &chat,
                             DocumentsViewModel &documents, QObject *parent)
    : QObject(parent), m_service(service), m_chat(chat), m_documents(documents)
{
    connect(&m_service, &chat::ChatService::chatOpened, this,
            [this](const chat::Conversation &conversation) {
                if (conversation.chat.id != m_chat.chatId())
                    return;
                m_id = conversation.chat.id;
                m_ticked = conversation.collections;
                emit changed();
            });
    connect(&m_service, &chat::ChatService::collectionsChanged, this,
            [this](chat::ChatId id, const QStringList &names) {
                if (id != m_id)
                    return;
                m_ticked = names;
                emit changed();
            });
    connect(&m_chat, &ChatViewModel::chatChanged, this, [this] {
        const qint64 id = m_chat.chatId();
        if (id == m_id)
            return;
        const bool begun = m_id == chat::kNoId && m_service.answeringChat() == id;
        m_id = id;
        if (begun) {
            // Its first prompt took the choice along.
            m_tickedIfNew.clear();
            m_service.setCollections(chat::kNoId, {});
        } else {
            m_ticked = id == chat::kNoId ? m_tickedIfNew : QStringList();
        }
        emit changed();
    });
    connect(&m_documents, &DocumentsViewModel::filesChanged, this, &ChatDocuments::changed);
    connect(&m_documents, &DocumentsViewModel::collectionsChanged, this, &ChatDocuments::changed);
}

QString ChatDocuments::own() const
{
    const auto found = std::find_if(m_ticked.begin(), m_ticked.end(), &Collections::isPrivate);
    return found == m_ticked.end() ? QString() : *found;
}

void ChatDocuments::setTicked(const QStringList &names)
{
    m_ticked = names;
    if (m_id == chat::kNoId)
        m_tickedIfNew = names;
    m_service.setCollections(m_id, names);
    emit changed();
}

QVariantList ChatDocuments::attachments() const
{
    QVariantList all;
    const QString collection = own();
    if (collection.isEmpty())
        return all;
    for (const DocumentListModel::Row &row : m_documents.files()->all()) {
        if (row.entry.collection != collection)
            continue;
        const bool busy =
            row.state == DocumentListModel::Queued || row.state == DocumentListModel::Reading;
        const bool failed = row.state == DocumentListModel::Failed;
        all.append(
            QVariantMap{{QStringLiteral("documentId"), row.entry.id},
                        {QStringLiteral("name"), documentsui::fileName(row.entry.path)},
                        {QStringLiteral("path"), row.entry.path},
                        {QStringLiteral("busy"), busy},
                        {QStringLiteral("failed"), failed},
                        {QStringLiteral("problem"), failed ? row.entry.errorText : QString()}});
    }
    return all;
}

QVariantList ChatDocuments::collections() const
{
    QVariantList all;
    for (const documents::CollectionSummary &one : m_documents.summaries())
        all.append(QVariantMap{{QStringLiteral("name"), one.name},
                               {QStringLiteral("documents"), one.documents},
                               {QStringLiteral("ticked"), m_ticked.contains(one.name)}});
    return all;
}

QString ChatDocuments::summary() const
{
    const int named = int(std::count_if(m_ticked.begin(), m_ticked.end(), [](const QString &name) {
        return !Collections::isPrivate(name);
    }));
    const int files = int(attachments().size());
    if (named == 0 && files == 0)
        return {};
    if (named == 0)
        return tr("%n file(s)", nullptr, files);
    if (files == 0)
        return tr("%n collection(s)", nullptr, named);
    return tr("%1 and %2")
        .arg(tr("%n collection(s)", nullptr, named), tr("%n file(s)", nullptr, files));
}

QString ChatDocuments::hint() const
{
    int busy = 0;
    for (const DocumentListModel::Row &row : m_documents.files()->all()) {
        if (m_ticked.contains(row.entry.collection)
            && (row.state == DocumentListModel::Queued || row.state == DocumentListModel::Reading))
            ++busy;
    }
    return busy == 0 ? QString()
                     : tr("%n document(s) are still being read; questions are asked of the rest.",
                          nullptr, busy);
}

bool ChatDocuments::attach(const QList<QUrl> &urls)
{
    const QList<QUrl> files = DocumentsViewModel::readable(urls);
    if (files.isEmpty())
        return false;
    QString collection = own();
    if (collection.isEmpty()) {
        collection = Collections::privateName();
        setTicked(m_ticked + QStringList{collection});
    }
    m_documents.addTo(collection, files);
    return true;
}

void ChatDocuments::detach(qint64 document)
{
    m_documents.remove(document);
}

void ChatDocuments::toggle(const QString &collection)
{
    QStringList names = m_ticked;
    if (!names.removeOne(collection))
        names << collection;
    setTicked(names);
}

void ChatDocuments::keep(qint64 document, const QString &collection)
{
    m_documents.move(document, collection);
    if (!m_ticked.contains(collection))
        setTicked(m_ticked + QStringList{collection});
}

QString ChatDocuments::describeDrop(const QList<QUrl> &urls) const
{
    const auto files = DocumentsViewModel::readable(urls);
    return files.isEmpty() ? QString() : tr("Ask about %n document(s)", nullptr, int(files.size()));
}

} // namespace alcove::chatui
