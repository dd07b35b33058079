// What each setting may be: the one place where keys, types, defaults and ranges are written down.
// Any thread.
//
//   device            text: auto, cpu, vulkan or vulkan:N      default auto
//   threads           0 (one per core) to 1024                 default 0
//   contextLength     0 (min(4096, trained)) or 128 to 2^20    default 0
//   kvFormat          f16, q8_0 or q8_0/q4_0 (keys/values)     default f16
//   temperature topK topP minP repeatPenalty presencePenalty frequencyPenalty: see the table
//   seed              -1 (another each time) to 2^53           default -1
//   maxTokens         0 (as many as fit) to 2^20               default 0
//   systemPrompt      text of at most 100,000 characters
//   theme             system, light or dark                    default system
//   fontScale         0.75 to 2                                default 1
//   sendWithEnter     yes or no                                default yes
//   lastModel         path, or empty
//   embeddingModel    path, or empty: documents are searched by words alone
//   modelFolders      list of paths
//   window.*          whatever JSON can hold
#pragma once

#include "core/base/result.h"

#include <QString>
#include <QVariant>

namespace alcove::storage {

// Invalid for keys without a default (window.* and unknown ones).
QVariant settingDefault(const QString &key);

// The value in the setting's own type, or InvalidArgument with what is allowed.
Result<QVariant> checkedSetting(const QString &key, const QVariant &value);

} // namespace alcove::storage
