#include "core/documents/extract/page_lines.h"

#include "core/llm/utf8.h"

#include <algorithm>
#include <map>

namespace alcove::documents {

namespace {

constexpr std::size_t kEdgeLines = 2; // of a page, above and below, that may be running heads
constexpr std::size_t kLongestHeading = 120; // bytes
constexpr float kHigher = 1.12f; // than the text: a heading
constexpr float kWiderGap = 1.35f; // than from line to line: a new paragraph

bool isDeep(const std::string &text)
{
    return text.find_first_of("gjpqyQ,;()[]{}|@$") != std::string::npos;
}

float median(std::vector<float> values)
{
    if (values.empty())
        return 0;
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// A line without its numbers: "Page 3 of 40" is the same line on every page.
std::string withoutNumbers(const std::string &text)
{
    std::string rest;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            if (rest.empty() || rest.back() != '#')
                rest += '#';
        } else {
            rest += c;
        }
    }
    return rest;
}

bool isPageNumber(const std::string &text)
{
    const std::string rest = withoutNumbers(text);
    return rest == "#" || rest == "- # -" || rest == "\xE2\x80\x93 # \xE2\x80\x93";
}

bool isRunning(const std::string &text, const PageStyle &style)
{
    return isPageNumber(text)
        || std::find(style.running.begin(), style.running.end(), withoutNumbers(text))
        != style.running.end();
}

enum class Mark { None, Bullet, Maybe }; // Maybe: a dash or a number, which texts have too

struct ListMark {
    Mark mark = Mark::None;
    std::size_t length = 0; // with the space behind it
};

ListMark listMarkOf(const std::string &text)
{
    for (const char *bullet :
         {"\xE2\x80\xA2", "\xE2\x97\xA6", "\xE2\x96\xAA", "\xE2\x97\x8F", "\xEF\x82\xB7"}) {
        const std::string mark = std::string(bullet) + " ";
        if (text.starts_with(mark))
            return {Mark::Bullet, mark.size()};
    }
    for (const char *dash : {"\xE2\x80\x93", "-", "*", "o"}) {
        const std::string mark = std::string(dash) + " ";
        if (text.starts_with(mark))
            return {Mark::Maybe, mark.size()};
    }
    std::size_t digits = 0;
    while (digits < text.size() && digits < 3 && text[digits] >= '0' && text[digits] <= '9')
        ++digits;
    if (digits > 0 && digits + 1 < text.size() && (text[digits] == '.' || text[digits] == ')')
        && text[digits + 1] == ' ')
        return {Mark::Maybe, digits + 2};
    return {};
}

bool endsSentence(const std::string &text)
{
    static constexpr std::string_view kEnds[] = {
        ".", "!", "?", ":", ";", ",", "\xE3\x80\x82", "\xEF\xBC\x81", "\xEF\xBC\x9F"};
    return std::any_of(std::begin(kEnds), std::end(kEnds),
                       [&](std::string_view end) { return text.ends_with(end); });
}

bool looksLikeHeading(const PageLine &line, const PageStyle &style)
{
    if (line.text.size() > kLongestHeading || line.text.size() < 2 || endsSentence(line.text))
        return false;
    const float usual = isDeep(line.text) ? style.deepHeight : style.plainHeight;
    return usual > 0 && line.bottom - line.top > kHigher * usual;
}

int levelOf(const PageLine &line, const PageStyle &style)
{
    if (line.headingLevel > 0)
        return line.headingLevel;
    const float usual = isDeep(line.text) ? style.deepHeight : style.plainHeight;
    const float ratio = (line.bottom - line.top) / usual;
    return ratio > 1.5f ? 1 : ratio > 1.25f ? 2 : 3;
}

// Whether `next` begins something of its own although nothing but its place tells.
bool isApart(const PageLine &last, const PageLine &next, const PageStyle &style,
             std::size_t longest)
{
    if (style.leading > 0 && last.bottom > 0 && next.bottom > 0) {
        const float step = next.bottom - last.bottom;
        return step > kWiderGap * style.leading || step < 0;
    }
    return endsSentence(last.text) && last.text.size() * 4 < longest * 3;
}

} // namespace

PageStyle styleOf(const std::vector<PageOfLines> &pages)
{
    PageStyle style;
    std::vector<float> plain;
    std::vector<float> deep;
    std::vector<float> steps;
    std::map<std::string, std::size_t> edges;
    for (const PageOfLines &page : pages) {
        for (std::size_t i = 0; i < page.lines.size(); ++i) {
            const PageLine &line = page.lines[i];
            if (i < kEdgeLines || i + kEdgeLines >= page.lines.size())
                ++edges[withoutNumbers(line.text)];
            if (!page.placed || line.text.size() < 20)
                continue; // short lines are often no text
            (isDeep(line.text) ? deep : plain).push_back(line.bottom - line.top);
            if (i > 0 && line.bottom > page.lines[i - 1].bottom)
                steps.push_back(line.bottom - page.lines[i - 1].bottom);
        }
    }
    style.deepHeight = median(deep);
    style.plainHeight = plain.empty() ? style.deepHeight * 0.78f : median(plain);
    if (deep.empty())
        style.deepHeight = style.plainHeight / 0.78f;
    // The lesser half of the steps are within paragraphs.
    std::sort(steps.begin(), steps.end());
    style.leading = steps.empty() ? 0 : steps[steps.size() / 3];
    for (const auto &[text, count] : edges) {
        if (pages.size() >= 4 && count * 2 > pages.size() && !text.empty())
            style.running.push_back(text);
    }
    return style;
}

void joinLine(std::string &paragraph, const std::string &line)
{
    static constexpr std::string_view kSoftHyphen = "\xC2\xAD";
    const auto isPartOfWord = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || (c & 0x80) != 0;
    };
    const auto isLower = [](char c) { return (c >= 'a' && c <= 'z') || (c & 0x80) != 0; };
    if (paragraph.empty()) {
        paragraph = line;
    } else if (paragraph.ends_with(kSoftHyphen)) {
        paragraph.resize(paragraph.size() - kSoftHyphen.size());
        paragraph += line;
    } else if (paragraph.size() > 2 && paragraph.back() == '-'
               && isLower(paragraph[paragraph.size() - 2]) && !line.empty()
               && isLower(line.front())) {
        paragraph.pop_back();
        paragraph += line;
    } else if (paragraph.size() > 1 && paragraph.back() == '-'
               && isPartOfWord(paragraph[paragraph.size() - 2]) && !line.empty()
               && isPartOfWord(line.front())) {
        paragraph += line; // "C-120"
    } else {
        // Scripts that are written without spaces stay so.
        const bool wide = (paragraph.back() & 0x80) != 0 && !line.empty()
            && llm::nextUtf8(line).codePoint >= 0x2E80 && llm::nextUtf8(line).codePoint < 0xAC00;
        paragraph += wide ? "" : " ";
        paragraph += line;
    }
}

void addPage(DocumentBuilder &builder, const PageOfLines &page, const PageStyle &style)
{
    std::size_t longest = 0;
    for (const PageLine &line : page.lines)
        longest = std::max(longest, line.text.size());
    enum class Kind { None, Paragraph, Item };
    Kind kind = Kind::None;
    std::string text;
    bool table = false;
    const auto flush = [&] {
        if (kind == Kind::Item)
            builder.listItem(1, text);
        else if (kind == Kind::Paragraph)
            builder.paragraph(text);
        text.clear();
        kind = Kind::None;
    };
    for (std::size_t i = 0; i < page.lines.size(); ++i) {
        const PageLine &line = page.lines[i];
        const bool edge = i < kEdgeLines || i + kEdgeLines >= page.lines.size();
        const bool row = line.gaps
            && ((i > 0 && page.lines[i - 1].gaps)
                || (i + 1 < page.lines.size() && page.lines[i + 1].gaps))
            && listMarkOf(line.text).mark == Mark::None;
        if (table && !row) {
            builder.endTable();
            table = false;
        }
        if (edge && isRunning(line.text, style)) {
            flush();
            builder.aside(line.text);
        } else if (line.headingLevel > 0 || (page.placed && looksLikeHeading(line, style))) {
            flush();
            builder.heading(levelOf(line, style), line.text);
        } else if (row) {
            flush();
            builder.tableRow({line.text});
            table = true;
        } else if (const ListMark mark = listMarkOf(line.text); mark.mark == Mark::Bullet
                   || (mark.mark == Mark::Maybe
                       && (kind != Kind::Paragraph
                           || isApart(page.lines[i - 1], line, style, longest)))) {
            flush();
            text = line.text.substr(mark.length);
            kind = Kind::Item;
        } else {
            if (kind != Kind::None && i > 0 && isApart(page.lines[i - 1], line, style, longest))
                flush();
            if (kind == Kind::None)
                kind = Kind::Paragraph;
            joinLine(text, line.text);
        }
    }
    flush();
    if (table)
        builder.endTable();
}

} // namespace alcove::documents
