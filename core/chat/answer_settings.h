// The settings (storage/settings_rules.h) as the options answers are made with. GUI thread.
#pragma once

#include "core/chat/chat_service.h"
#include "core/storage/settings.h"

namespace alcove::chat {

// The template fallback is not a setting: the user agrees to it for one model. What no setting is
// for comes from `recommended`, the loaded model's own sampling.
AnswerOptions answerOptions(const storage::Settings &settings,
                            const llm::SamplingParams &recommended = {});

// A model's own sampling as defaults of the settings (storage::Settings::setDefaults).
QVariantMap settingsOf(const llm::SamplingParams &recommended);

} // namespace alcove::chat
