// DraftStore: what was typed and not sent, a text for each chat, kept over a restart.
//
// GUI thread; over storage::Settings, which outlives it. Written when typing pauses, and at the
// end.
#pragma once

#include "core/chat/chat_types.h"

#include <QObject>
#include <QTimer>
#include <QVariantMap>

namespace alcove::storage {
class Settings;
}

namespace alcove::chatui {

class DraftStore : public QObject
{
    Q_OBJECT
public:
    explicit DraftStore(storage::Settings &settings, QObject *parent = nullptr);
    ~DraftStore() override;

    QString draft(chat::ChatId chat) const; // kNoId: of the chat that is not begun
    void setDraft(chat::ChatId chat, const QString &text);

private:
    void save();

    storage::Settings &m_settings;
    QVariantMap m_drafts; // chat's number as text -> draft; empty ones are not in it
    QTimer m_timer;
};

} // namespace alcove::chatui
