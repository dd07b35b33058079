// A file's bytes, and text in any encoding as UTF-8. Any thread.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace alcove::documents {

// The whole file. NotFound, Io, Unsupported (longer than `limit`).
Result<std::string> readFileBytes(const std::string &path, std::uint64_t limit);

// `bytes` in the encoding of that name (IANA: "windows-1252", "Shift_JIS") as UTF-8, with U+FFFD
// for what is malformed. Empty optional-like result: an encoding that is not known gives false.
bool decodeBytes(std::string_view bytes, const std::string &encoding, std::string &utf8);

// The same where nobody says which: a byte order mark, UTF-8 where the bytes are, UTF-16 by its
// zeros, else what the frequencies of letters make likely. InvalidFile: these bytes are no text.
Result<std::string> decodeText(std::string_view bytes);

} // namespace alcove::documents
