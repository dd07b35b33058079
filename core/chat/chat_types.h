// The values of a conversation, under the name that the rest of the app knows them by: they are
// what core/storage keeps.
#pragma once

#include "core/storage/chat_types.h"

namespace alcove::chat {

using storage::ChatId;
using storage::ChatSummary;
using storage::Conversation;
using storage::kNoId;
using storage::Message;
using storage::MessageCitation;
using storage::MessageId;
using storage::MessageState;

} // namespace alcove::chat
