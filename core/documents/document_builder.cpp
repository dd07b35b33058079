#include "core/documents/document_builder.h"

#include "core/llm/utf8.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";

std::string_view trimmed(std::string_view text, std::string_view spaces = kSpace)
{
    const std::size_t begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// A block of code begins with the indent of its first line that says something.
std::string_view codeTrimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos)
        return {};
    const std::size_t lineEnd = text.rfind('\n', first);
    text.remove_prefix(lineEnd == std::string_view::npos ? 0 : lineEnd + 1);
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

std::string oneLine(std::string_view text)
{
    std::string line;
    bool space = false;
    for (const char c : text) {
        if (kSpace.find(c) != std::string_view::npos) {
            space = !line.empty();
            continue;
        }
        if (space)
            line += ' ';
        space = false;
        line += c;
    }
    return line;
}

} // namespace

DocumentBuilder::DocumentBuilder(PageKind kind, const ReadLimits &limits) : m_limits(limits)
{
    m_document.pageKind = kind;
}

void DocumentBuilder::beginPage(std::string label)
{
    if (m_document.pages.size() >= m_limits.pages) {
        m_full = true;
        return;
    }
    Page &added = m_document.pages.emplace_back();
    added.label = clean(label);
}

void DocumentBuilder::markRecognised()
{
    page().recognised = true;
}

Page &DocumentBuilder::page()
{
    if (m_document.pages.empty())
        m_document.pages.emplace_back();
    return m_document.pages.back();
}

void DocumentBuilder::add(BlockKind kind, int level, std::string_view text, std::string_view before,
                          std::string_view behind, bool header)
{
    if (text.empty() || m_full)
        return;
    m_bytes += before.size() + text.size() + behind.size();
    if (m_bytes > m_limits.textBytes) {
        m_full = true;
        return;
    }
    std::string &to = page().text;
    to += before;
    Block block;
    block.kind = kind;
    block.level = std::uint8_t(std::clamp(level, 0, 255));
    block.header = header;
    block.page = std::uint32_t(m_document.pages.size() - 1);
    block.begin = to.size();
    to += text;
    block.end = to.size();
    to += behind;
    m_document.blocks.push_back(block);
}

void DocumentBuilder::heading(int level, std::string_view text)
{
    add(BlockKind::Heading, std::clamp(level, 1, 6), trimmed(oneLine(clean(text))), {}, "\n\n");
}

void DocumentBuilder::paragraph(std::string_view text)
{
    const std::string cleaned = clean(text);
    add(BlockKind::Paragraph, 0, trimmed(cleaned), {}, "\n\n");
}

void DocumentBuilder::listItem(int level, std::string_view text)
{
    const int depth = std::clamp(level, 1, 32);
    const std::string cleaned = clean(text);
    add(BlockKind::ListItem, depth, trimmed(cleaned),
        std::string(std::size_t(depth - 1) * 2, ' ') + "- ", "\n");
}

void DocumentBuilder::code(std::string_view text)
{
    const std::string cleaned = clean(text);
    add(BlockKind::Code, 0, codeTrimmed(cleaned), {}, "\n\n");
}

void DocumentBuilder::tableRow(const std::vector<std::string> &cells, bool header)
{
    std::string row;
    bool any = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string cell = oneLine(clean(cells[i]));
        any = any || !cell.empty();
        row += i ? " | " : "";
        row += cell;
    }
    if (any)
        add(BlockKind::TableRow, 0, trimmed(row), {}, "\n", header);
}

void DocumentBuilder::endTable()
{
    std::string &text = page().text;
    if (!text.empty() && !text.ends_with("\n\n"))
        text += '\n';
}

void DocumentBuilder::aside(std::string_view text)
{
    const std::string line = oneLine(clean(text));
    m_bytes += line.size() + 2;
    if (m_bytes > m_limits.textBytes)
        m_full = true;
    if (!m_full && !line.empty())
        page().text += line + "\n\n";
}

void DocumentBuilder::verbatim(std::string_view text, const std::vector<Block> &blocks)
{
    m_bytes += text.size();
    if (m_full || m_bytes > m_limits.textBytes) {
        m_full = true;
        return;
    }
    std::string &to = page().text;
    const std::size_t offset = to.size();
    to += text;
    for (Block block : blocks) {
        block.page = std::uint32_t(m_document.pages.size() - 1);
        block.begin += offset;
        block.end += offset;
        m_document.blocks.push_back(block);
    }
}

void DocumentBuilder::setTitle(std::string_view title)
{
    m_document.title = oneLine(clean(title));
}

void DocumentBuilder::setLanguage(std::string_view language)
{
    m_document.language = oneLine(clean(language));
}

void DocumentBuilder::remark(std::string sentence)
{
    m_document.remarks.push_back(std::move(sentence));
}

DocumentText DocumentBuilder::finish()
{
    page();
    return std::move(m_document);
}

std::string DocumentBuilder::clean(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const llm::Utf8Step step = llm::nextUtf8(text);
        if (step.kind != llm::Utf8Kind::Character) {
            out += llm::kReplacementCharacter;
        } else if (step.codePoint == '\r') {
            if (text.size() < 2 || text[1] != '\n')
                out += '\n';
        } else if (step.codePoint == 0x2028 || step.codePoint == 0x2029 || step.codePoint == '\f'
                   || step.codePoint == '\v' || step.codePoint == 0x85) {
            out += '\n'; // line and paragraph separators of other worlds
        } else if ((step.codePoint >= 0x20 && step.codePoint < 0x7f) || step.codePoint > 0x9f
                   || step.codePoint == '\n' || step.codePoint == '\t') {
            if (step.codePoint != 0xfeff) // a byte order mark is no text
                out.append(text.substr(0, step.length));
        }
        text.remove_prefix(step.length);
    }
    return out;
}

Error tooMuchText()
{
    return {ErrorCode::Unsupported, "The file holds more text than can be taken in.", {}};
}

} // namespace alcove::documents
