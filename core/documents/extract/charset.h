// Bytes of any encoding to UTF-8.
//
// Pure functions; any thread. What cannot be read becomes U+FFFD, and an encoding that nobody knows
// is taken for the one that the bytes look like.
#pragma once

#include "core/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace alcove::documents {

// Nothing when there is no such encoding.
std::optional<std::string> fromCharset(std::string_view bytes, std::string_view charset);

// By a byte order mark, then as declared, then UTF-8 if it is that, then by how it looks.
std::string toUtf8(std::string_view bytes, std::string_view declared);

// A text of which nobody says the encoding, UTF-16 without a mark among them. InvalidFile: these
// bytes are no text.
Result<std::string> decodeText(std::string_view bytes);

// The encoding that a web page's head or its XML declaration names; may be empty.
std::string charsetOfPage(std::string_view bytes);

} // namespace alcove::documents
