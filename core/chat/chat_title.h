// A chat's first title, made from its first prompt without asking a model. Any thread.
#pragma once

#include <QString>

namespace alcove::chat {

// The first line that holds anything, cut at a word's end to at most 48 characters and an ellipsis.
QString titleFromPrompt(const QString &prompt);

} // namespace alcove::chat
