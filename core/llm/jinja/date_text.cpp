#include "core/llm/jinja/date_text.h"

#include <array>
#include <cstdint>
#include <ctime>

namespace alcove::llm::jinja {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

bool isLeap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int daysInMonth(int year, int month)
{
    constexpr std::array<int, 12> kLength = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && isLeap(year) ? 29 : kLength[static_cast<std::size_t>(month - 1)];
}

int dayOfYear(const DateTime &t) // 0 for 1 January
{
    int days = t.day - 1;
    for (int month = 1; month < t.month; ++month)
        days += daysInMonth(t.year, month);
    return days;
}

// Days since 1970-01-01 in the Gregorian calendar.
std::int64_t daysSinceEpoch(const DateTime &t)
{
    const std::int64_t y = t.year - 1;
    constexpr std::int64_t kBefore1970 = 719'162; // of 1 January 1970, counted from 1 January 1
    return y * 365 + y / 4 - y / 100 + y / 400 + dayOfYear(t) - kBefore1970;
}

int weekday(const DateTime &t) // 0 for Sunday
{
    return static_cast<int>(((daysSinceEpoch(t) + 4) % 7 + 7) % 7);
}

// ISO 8601: weeks begin on Monday, and week 1 has the year's first Thursday.
void isoWeek(const DateTime &t, int &year, int &week)
{
    const int mondayBased = (weekday(t) + 6) % 7;
    const int thursday = dayOfYear(t) - mondayBased + 3;
    year = t.year;
    if (thursday < 0) {
        --year;
        week = (thursday + (isLeap(year) ? 366 : 365)) / 7 + 1;
        return;
    }
    const int length = isLeap(year) ? 366 : 365;
    if (thursday >= length) {
        ++year;
        week = 1;
        return;
    }
    week = thursday / 7 + 1;
}

std::string number(int value, std::size_t width, char flag, char fill = '0')
{
    if (flag == '-')
        return std::to_string(value);
    if (flag == '_')
        fill = ' ';
    else if (flag == '0')
        fill = '0';
    std::string text = std::to_string(value);
    return text.size() < width ? std::string(width - text.size(), fill) + text : text;
}

std::string convert(char conversion, char flag, const DateTime &t)
{
    const auto month = kMonths[static_cast<std::size_t>(t.month - 1)];
    const auto day = kDays[static_cast<std::size_t>(weekday(t))];
    const int hour12 = t.hour % 12 == 0 ? 12 : t.hour % 12;
    int isoYear = 0;
    int week = 0;
    switch (conversion) {
    case 'a':
        return std::string(day.substr(0, 3));
    case 'A':
        return std::string(day);
    case 'b':
    case 'h':
        return std::string(month.substr(0, 3));
    case 'B':
        return std::string(month);
    case 'c':
        return formatDateTime("%a %b %e %H:%M:%S %Y", t);
    case 'C':
        return number(t.year / 100, 2, flag);
    case 'd':
        return number(t.day, 2, flag);
    case 'D':
    case 'x':
        return formatDateTime("%m/%d/%y", t);
    case 'e':
        return number(t.day, 2, flag, ' ');
    case 'f':
        return "000000"; // the time has whole seconds
    case 'F':
        return formatDateTime("%Y-%m-%d", t);
    case 'g':
        isoWeek(t, isoYear, week);
        return number(isoYear % 100, 2, flag);
    case 'G':
        isoWeek(t, isoYear, week);
        return number(isoYear, 4, flag);
    case 'H':
        return number(t.hour, 2, flag);
    case 'I':
        return number(hour12, 2, flag);
    case 'j':
        return number(dayOfYear(t) + 1, 3, flag);
    case 'k':
        return number(t.hour, 2, flag, ' ');
    case 'l':
        return number(hour12, 2, flag, ' ');
    case 'm':
        return number(t.month, 2, flag);
    case 'M':
        return number(t.minute, 2, flag);
    case 'n':
        return "\n";
    case 'p':
        return t.hour < 12 ? "AM" : "PM";
    case 'P':
        return t.hour < 12 ? "am" : "pm";
    case 'r':
        return formatDateTime("%I:%M:%S %p", t);
    case 'R':
        return formatDateTime("%H:%M", t);
    case 'S':
        return number(t.second, 2, flag);
    case 't':
        return "\t";
    case 'T':
    case 'X':
        return formatDateTime("%H:%M:%S", t);
    case 'u':
        return std::to_string(weekday(t) == 0 ? 7 : weekday(t));
    case 'U':
        return number((dayOfYear(t) + 7 - weekday(t)) / 7, 2, flag);
    case 'V':
        isoWeek(t, isoYear, week);
        return number(week, 2, flag);
    case 'w':
        return std::to_string(weekday(t));
    case 'W':
        return number((dayOfYear(t) + 7 - (weekday(t) + 6) % 7) / 7, 2, flag);
    case 'y':
        return number(t.year % 100, 2, flag);
    case 'Y':
        return number(t.year, 1, flag);
    case 'z':
    case 'Z':
        return ""; // a naive time, as transformers passes
    case '%':
        return "%";
    default:
        return std::string("%") + (flag ? std::string(1, flag) : "") + conversion;
    }
}

} // namespace

DateTime localNow()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
#ifdef _WIN32
    localtime_s(&parts, &now);
#else
    localtime_r(&now, &parts);
#endif
    return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour,        parts.tm_min,     parts.tm_sec};
}

std::optional<DateTime> parseDateTime(std::string_view text)
{
    DateTime t;
    bool good = true;
    const auto digits = [&](std::size_t at, std::size_t count) {
        int value = 0;
        for (std::size_t i = at; i < at + count; ++i) {
            if (i >= text.size() || text[i] < '0' || text[i] > '9') {
                good = false;
                return 0;
            }
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    const auto mark = [&](std::size_t at, std::string_view any) {
        good = good && at < text.size() && any.find(text[at]) != std::string_view::npos;
    };
    t.year = digits(0, 4);
    mark(4, "-");
    t.month = digits(5, 2);
    mark(7, "-");
    t.day = digits(8, 2);
    if (text.size() > 10) {
        mark(10, "T ");
        t.hour = digits(11, 2);
        mark(13, ":");
        t.minute = digits(14, 2);
    }
    if (text.size() > 16) {
        mark(16, ":");
        t.second = digits(17, 2);
    }
    if (!good || text.size() > 19 || t.year < 1 || t.month < 1 || t.month > 12 || t.day < 1
        || t.day > daysInMonth(t.year, t.month) || t.hour > 23 || t.minute > 59 || t.second > 60)
        return std::nullopt;
    return t;
}

std::string formatDateTime(std::string_view format, const DateTime &time)
{
    std::string out;
    for (std::size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%' || at + 1 >= format.size()) {
            out += format[at];
            continue;
        }
        ++at;
        char flag = 0;
        if (std::string_view("-_0^").find(format[at]) != std::string_view::npos
            && at + 1 < format.size())
            flag = format[at++];
        std::string text = convert(format[at], flag, time);
        if (flag == '^') {
            for (char &c : text)
                c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        out += text;
    }
    return out;
}

} // namespace alcove::llm::jinja
