// A point in local time, and strftime over it in the C locale.
//
// Pure functions but for localNow(), which reads the clock; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alcove::llm::jinja {

struct DateTime {
    int year = 1970;
    int month = 1; // 1 to 12
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
};

DateTime localNow();
// "2026-03-14T09:26:53", "2026-03-14 09:26" or "2026-03-14"; nullopt for anything else.
std::optional<DateTime> parseDateTime(std::string_view text);
// The conversions of C's strftime and GNU's flags - _ 0 ^. Unknown ones stay as they are written.
std::string formatDateTime(std::string_view format, const DateTime &time);

} // namespace alcove::llm::jinja
