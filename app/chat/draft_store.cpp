#include "app/chat/draft_store.h"

#include "core/storage/settings.h"

namespace alcove::chatui {

namespace {

constexpr int kPauseMs = 800;
constexpr int kMaxDrafts = 100;

QString key()
{
    return QStringLiteral("window.drafts");
}

} // namespace

DraftStore::DraftStore(storage::Settings &settings, QObject *parent)
    : QObject(parent), m_settings(settings), m_drafts(settings.value(key()).toMap())
{
    m_timer.setSingleShot(true);
    m_timer.setInterval(kPauseMs);
    connect(&m_timer, &QTimer::timeout, this, &DraftStore::save);
}

DraftStore::~DraftStore()
{
    if (m_timer.isActive())
        save();
}

QString DraftStore::draft(chat::ChatId chat) const
{
    return m_drafts.value(QString::number(chat)).toString();
}

void DraftStore::setDraft(chat::ChatId chat, const QString &text)
{
    const QString name = QString::number(chat);
    if (text.isEmpty()) {
        m_drafts.remove(name);
    } else {
        if (!m_drafts.contains(name) && m_drafts.size() >= kMaxDrafts)
            m_drafts.erase(m_drafts.begin());
        m_drafts.insert(name, text);
    }
    m_timer.start();
}

void DraftStore::save()
{
    m_timer.stop();
    m_settings.setValue(key(), m_drafts);
}

} // namespace alcove::chatui
