// ActivityLog: writes to the log what the engine and the chats do: names, sizes, times and errors,
// never a word of a chat.
//
// GUI thread; over an engine and a service that outlive it. Owns nothing and never fails.
#pragma once

#include "core/chat/chat_service.h"
#include "core/engine/chat_engine.h"

#include <QObject>

namespace alcove::shell {

class ActivityLog : public QObject
{
    Q_OBJECT
public:
    ActivityLog(engine::ChatEngine &engine, chat::ChatService &service, QObject *parent = nullptr);
};

} // namespace alcove::shell
