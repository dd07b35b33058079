// Text from a file, made fit to stand in a message: UTF-8 without control characters, bounded.
// Pure functions; any thread; nothing fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace alcove::llm {

// At most `limit` characters of `text` ("..." follows when it is longer). What is no UTF-8 or
// would break a line, move the cursor or reverse the direction becomes U+FFFD.
std::string displayText(std::string_view text, std::size_t limit = 80);

// "4.1 GiB", "512 bytes": as shown to a user.
std::string displayBytes(unsigned long long bytes);

} // namespace alcove::llm
