// The settings (storage/settings_rules.h) as the options answers are made with. GUI thread.
#pragma once

#include "core/chat/chat_service.h"
#include "core/storage/settings.h"

namespace alcove::chat {

// The template fallback is not a setting: the user agrees to it for one model.
AnswerOptions answerOptions(const storage::Settings &settings);

} // namespace alcove::chat
