#include "core/documents/extract/text_blocks.h"

#include <algorithm>
#include <optional>

namespace alcove::documents {

namespace {

struct Line {
    std::size_t begin = 0;
    std::size_t end = 0; // without the line feed
    std::size_t indent = 0; // columns, a tab to the next fourth
    std::size_t start = 0; // of what is not space
    bool blank() const { return start >= end; }
};

std::vector<Line> linesOf(std::string_view text)
{
    std::vector<Line> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        Line line;
        line.begin = begin;
        line.end = std::min(text.find('\n', begin), text.size());
        line.start = begin;
        while (line.start < line.end && (text[line.start] == ' ' || text[line.start] == '\t')) {
            line.indent += text[line.start] == '\t' ? 4 - line.indent % 4 : 1;
            ++line.start;
        }
        begin = line.end + 1;
        while (line.end > line.start && (text[line.end - 1] == ' ' || text[line.end - 1] == '\t'))
            --line.end;
        lines.push_back(line);
    }
    return lines;
}

std::string_view said(std::string_view text, const Line &line)
{
    return text.substr(line.start, line.end - line.start);
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

// Length of a list item's mark with the space behind it, or 0.
std::size_t listMark(std::string_view line)
{
    std::size_t mark = 0;
    if (!line.empty() && (line[0] == '-' || line[0] == '*' || line[0] == '+')) {
        mark = 1;
    } else if (line.starts_with("\xE2\x80\xA2")) { // bullet
        mark = 3;
    } else {
        while (mark < line.size() && mark < 9 && isDigit(line[mark]))
            ++mark;
        if (mark == 0 || mark >= line.size() || (line[mark] != '.' && line[mark] != ')'))
            return 0;
        ++mark;
    }
    if (mark >= line.size() || (line[mark] != ' ' && line[mark] != '\t'))
        return 0;
    while (mark < line.size() && (line[mark] == ' ' || line[mark] == '\t'))
        ++mark;
    return mark < line.size() ? mark : 0;
}

// A line of nothing but one of these marks and spaces.
bool isRule(std::string_view line, std::string_view marks, std::size_t least)
{
    const char mark = line.empty() ? ' ' : line[0];
    if (marks.find(mark) == std::string_view::npos)
        return false;
    std::size_t count = 0;
    for (const char c : line) {
        if (c == mark)
            ++count;
        else if (c != ' ' && c != '\t')
            return false;
    }
    return count >= least;
}

// "| --- | :-: |": the line under a table's head.
bool isTableRule(std::string_view line)
{
    bool dash = false;
    bool pipe = false;
    for (const char c : line) {
        dash = dash || c == '-';
        pipe = pipe || c == '|';
        if (c != '-' && c != '|' && c != ':' && c != ' ' && c != '\t')
            return false;
    }
    return dash && pipe;
}

Block block(BlockKind kind, int level, std::size_t begin, std::size_t end, bool header = false)
{
    Block made;
    made.kind = kind;
    made.level = std::uint8_t(level);
    made.header = header;
    made.begin = begin;
    made.end = end;
    return made;
}

// Length of "### " (with at most six), or 0.
std::size_t headingMark(std::string_view line)
{
    std::size_t level = 0;
    while (level < line.size() && line[level] == '#')
        ++level;
    if (level == 0 || level > 6
        || (level < line.size() && line[level] != ' ' && line[level] != '\t'))
        return 0;
    return level;
}

struct Fence {
    char mark = 0;
    std::size_t length = 0;
};

std::optional<Fence> fenceOf(std::string_view line)
{
    if (line.empty() || (line[0] != '`' && line[0] != '~'))
        return std::nullopt;
    Fence fence{line[0], 0};
    while (fence.length < line.size() && line[fence.length] == fence.mark)
        ++fence.length;
    if (fence.length < 3
        || (fence.mark == '`' && line.find('`', fence.length) != std::string_view::npos))
        return std::nullopt;
    return fence;
}

class MarkdownBlocks
{
public:
    explicit MarkdownBlocks(std::string_view text) : m_text(text), m_lines(linesOf(text)) { }

    std::vector<Block> read()
    {
        skipFrontMatter();
        while (m_at < m_lines.size())
            readBlock();
        return std::move(m_blocks);
    }

private:
    std::string_view line(std::size_t index) const { return said(m_text, m_lines[index]); }

    // YAML between two lines of three dashes at the beginning.
    void skipFrontMatter()
    {
        if (m_lines.empty() || line(0) != "---")
            return;
        for (std::size_t i = 1; i < m_lines.size(); ++i) {
            if (line(i) == "---" || line(i) == "...") {
                if (i > 1)
                    m_blocks.push_back(
                        block(BlockKind::Code, 0, m_lines[1].begin, m_lines[i - 1].end));
                m_at = i + 1;
                return;
            }
        }
    }

    void readBlock()
    {
        const Line &first = m_lines[m_at];
        const std::string_view text = line(m_at);
        if (first.blank() || isRule(text, "-*_", 3)) {
            ++m_at;
        } else if (const auto fence = fenceOf(text)) {
            readFence(*fence);
        } else if (const std::size_t level = headingMark(text); level > 0 && first.indent < 4) {
            std::size_t begin = first.start + level;
            while (begin < first.end && (m_text[begin] == ' ' || m_text[begin] == '\t'))
                ++begin;
            std::size_t end = first.end;
            while (end > begin && m_text[end - 1] == '#')
                --end;
            while (end > begin && m_text[end - 1] == ' ')
                --end;
            if (end > begin)
                m_blocks.push_back(block(BlockKind::Heading, int(level), begin, end));
            ++m_at;
        } else if (m_at + 1 < m_lines.size() && text.find('|') != std::string_view::npos
                   && isTableRule(line(m_at + 1))) {
            readTable();
        } else if (listMark(text) > 0) {
            readItem();
        } else if (first.indent >= 4) {
            readIndented();
        } else {
            readParagraph();
        }
    }

    void readFence(const Fence &fence)
    {
        const std::size_t first = ++m_at;
        while (m_at < m_lines.size()) {
            const auto end = fenceOf(line(m_at));
            if (end && end->mark == fence.mark && end->length >= fence.length
                && line(m_at).size() == end->length)
                break;
            ++m_at;
        }
        if (m_at > first)
            m_blocks.push_back(
                block(BlockKind::Code, 0, m_lines[first].begin, m_lines[m_at - 1].end));
        ++m_at;
    }

    void readTable()
    {
        m_blocks.push_back(
            block(BlockKind::TableRow, 0, m_lines[m_at].start, m_lines[m_at].end, true));
        for (m_at += 2; m_at < m_lines.size() && !m_lines[m_at].blank()
             && line(m_at).find('|') != std::string_view::npos;
             ++m_at)
            m_blocks.push_back(
                block(BlockKind::TableRow, 0, m_lines[m_at].start, m_lines[m_at].end));
    }

    // An item's text goes on in lines that begin nothing of their own.
    void readItem()
    {
        const Line &first = m_lines[m_at];
        const std::size_t begin = first.start + listMark(line(m_at));
        const int level = int(std::min<std::size_t>(first.indent / 2 + 1, 16));
        std::size_t end = first.end;
        for (++m_at; m_at < m_lines.size() && goesOn(m_at); ++m_at)
            end = m_lines[m_at].end;
        m_blocks.push_back(block(BlockKind::ListItem, level, begin, end));
    }

    void readIndented()
    {
        const std::size_t begin = m_lines[m_at].begin;
        std::size_t end = begin;
        for (; m_at < m_lines.size() && (m_lines[m_at].indent >= 4 || m_lines[m_at].blank());
             ++m_at) {
            if (!m_lines[m_at].blank())
                end = m_lines[m_at].end;
        }
        m_blocks.push_back(block(BlockKind::Code, 0, begin, end));
    }

    void readParagraph()
    {
        const std::size_t begin = m_lines[m_at].start;
        std::size_t end = m_lines[m_at].end;
        for (++m_at; m_at < m_lines.size(); ++m_at) {
            if (isRule(line(m_at), "=-", 1) && line(m_at).find(' ') == std::string_view::npos) {
                // Underlined: it was a heading.
                m_blocks.push_back(
                    block(BlockKind::Heading, line(m_at)[0] == '=' ? 1 : 2, begin, end));
                ++m_at;
                return;
            }
            if (!goesOn(m_at))
                break;
            end = m_lines[m_at].end;
        }
        m_blocks.push_back(block(BlockKind::Paragraph, 0, begin, end));
    }

    bool goesOn(std::size_t index) const
    {
        const std::string_view text = line(index);
        return !m_lines[index].blank() && headingMark(text) == 0 && !fenceOf(text)
            && listMark(text) == 0 && !isRule(text, "-*_", 3);
    }

    std::string_view m_text;
    std::vector<Line> m_lines;
    std::vector<Block> m_blocks;
    std::size_t m_at = 0;
};

} // namespace

std::vector<Block> plainBlocks(std::string_view text)
{
    std::vector<Block> blocks;
    bool open = false;
    for (const Line &line : linesOf(text)) {
        if (line.blank()) {
            open = false;
            continue;
        }
        const std::size_t mark = listMark(said(text, line));
        if (mark > 0) {
            const int level = int(std::min<std::size_t>(line.indent / 2 + 1, 16));
            blocks.push_back(block(BlockKind::ListItem, level, line.start + mark, line.end));
        } else if (open) {
            blocks.back().end = line.end;
        } else {
            blocks.push_back(block(BlockKind::Paragraph, 0, line.start, line.end));
        }
        open = true;
    }
    return blocks;
}

std::vector<Block> markdownBlocks(std::string_view text)
{
    return MarkdownBlocks(text).read();
}

std::vector<Block> codeBlocks(std::string_view text)
{
    std::vector<Block> blocks;
    bool blank = true;
    for (const Line &line : linesOf(text)) {
        if (line.blank()) {
            blank = true;
            continue;
        }
        if (blocks.empty() || (blank && line.indent == 0))
            blocks.push_back(block(BlockKind::Code, 0, line.begin, line.end));
        else
            blocks.back().end = line.end;
        blank = false;
    }
    return blocks;
}

} // namespace alcove::documents
