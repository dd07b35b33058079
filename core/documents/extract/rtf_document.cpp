#include "core/documents/extract/rtf_document.h"

#include "core/documents/extract/charset.h"
#include "core/documents/extract/rtf_tables.h"
#include "core/llm/utf8.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr int kMaxChain = 32; // of styles that stand on one another
constexpr int kListIndent = 360; // twentieths of a point, of each level, where no list is named
constexpr std::size_t kMaxCells = 16384;
constexpr std::size_t kMaxTable = 100'000; // fonts and styles
constexpr std::size_t kMaxName = 200;

// "1.<tab>" or a bullet and a tab, as simple writers begin the items of lists: its length.
std::size_t markLength(std::string_view text)
{
    std::size_t length = 0;
    if (text.starts_with("\xE2\x80\xA2") || text.starts_with("\xE2\x80\x93"))
        length = 3; // a bullet, a dash
    else
        while (length < 4 && length < text.size() && text[length] >= '0' && text[length] <= '9')
            ++length;
    if (length == 0)
        return 0;
    if (text[0] != '\xE2') {
        if (length >= text.size() || (text[length] != '.' && text[length] != ')'))
            return 0;
        ++length;
    }
    return length < text.size() && text[length] == '\t' ? length + 1 : 0;
}

} // namespace

RtfDocument::RtfDocument(DocumentBuilder &builder, Flow &flow) : m_builder(builder), m_flow(flow)
{
    m_groups.emplace_back();
}

void RtfDocument::openGroup()
{
    flushBytes();
    m_toSkip = 0;
    Group group = m_groups.back();
    group.first = true;
    m_groups.push_back(group);
}

void RtfDocument::closeGroup()
{
    flushBytes();
    m_toSkip = 0;
    if (m_groups.size() < 2)
        return;
    const Where left = m_groups.back().where;
    m_groups.pop_back();
    const Where now = m_groups.back().where;
    if (left == Where::Note && now != Where::Note) {
        m_notes.push_back(std::move(m_note));
        m_note.clear();
    } else if (left == Where::Styles) {
        endStyle();
    } else if (left == Where::Title && now != Where::Title) {
        m_builder.setTitle(m_title);
    }
}

// The first word of a group says what the group is. True when that is all it says.
bool RtfDocument::begins(std::string_view word, bool starred)
{
    Group &group = m_groups.back();
    if (group.where == Where::Aside && word != "ud" && word != "shptxt")
        return false;
    if (word == "fonttbl") {
        group.where = Where::Fonts;
    } else if (word == "stylesheet") {
        group.where = Where::Styles;
    } else if (word == "title") {
        group.where = Where::Title;
        m_title.clear();
    } else if (word == "footnote") {
        group.where = Where::Note;
        m_note.clear();
    } else if (word == "listtext" || word == "pntext") {
        group.where = Where::Aside;
        m_paragraph.marked = true;
    } else if (word == "ud" || word == "shptxt") {
        group.where = Where::Body; // the text itself, within what is otherwise passed over
    } else if (word == "pn") {
        m_paragraph.marked = true;
        group.where = Where::Aside;
    } else if (word == "shpinst" || word == "nesttableprops") {
        if (word == "nesttableprops")
            group.where = Where::Aside;
    } else if (isRtfAside(word) || (starred && group.where != Where::Styles)) {
        group.where = Where::Aside;
    } else {
        return false;
    }
    return true;
}

void RtfDocument::word(std::string_view word, std::optional<int> argument, bool starred)
{
    if (word == "u") { // a character: no end of the bytes' run for what follows it
        if (m_toSkip > 0) {
            --m_toSkip;
            return;
        }
        flushBytes();
        m_groups.back().first = false;
        character(char32_t(std::uint16_t(argument.value_or('?'))));
        m_toSkip = m_groups.back().skip;
        return;
    }
    flushBytes();
    m_toSkip = 0;
    const bool first = m_groups.back().first;
    m_groups.back().first = false;
    if (first && begins(word, starred))
        return;
    Group &group = m_groups.back();
    const int value = argument.value_or(1);
    if (word == "uc") {
        group.skip = std::clamp(value, 0, 16);
    } else if (word == "ansicpg") {
        m_codePage = group.codePage = value;
    } else if (word == "mac") {
        m_codePage = group.codePage = 10000;
    } else if (word == "pc" || word == "pca") {
        m_codePage = group.codePage = word == "pc" ? 437 : 850;
    } else if (group.where == Where::Aside) {
        return;
    } else if (group.where == Where::Fonts) {
        if (word == "f")
            m_font = value;
        else if ((word == "fcharset" || word == "cpg") && m_fonts.size() < kMaxTable)
            m_fonts[m_font] = word == "cpg" ? value : rtfCodePage(value, m_codePage);
    } else if (group.where == Where::Styles) {
        styleWord(word, value);
    } else if (word == "f") {
        const auto found = m_fonts.find(value);
        group.codePage = found == m_fonts.end() ? m_codePage : found->second;
    } else if (word == "v" || word == "deleted") {
        group.hidden = value != 0;
    } else if (word == "plain") {
        group.hidden = false;
        group.codePage = m_codePage;
    } else if (const char *symbol = rtfSymbol(word)) {
        text(symbol);
    } else if (group.where == Where::Note || group.where == Where::Title) {
        if (word == "par")
            text("\n");
    } else if (word == "par" || word == "sect" || word == "page" || word == "column") {
        endParagraph();
    } else if (word == "pard") {
        m_paragraph = {};
    } else if (word == "s") {
        m_paragraph.style = value;
    } else if (word == "outlinelevel") {
        m_paragraph.outline = value;
    } else if (word == "ls") {
        m_paragraph.list = value;
    } else if (word == "ilvl") {
        m_paragraph.listLevel = std::clamp(value, 0, 8);
    } else if (word == "li" || word == "lin") {
        m_paragraph.indent = value;
    } else if (word == "intbl") {
        m_paragraph.inTable = true;
    } else if (word == "trowd") {
        m_header = false;
    } else if (word == "trhdr") {
        m_header = true;
    } else if (word == "cell") {
        endCell();
    } else if (word == "row") {
        endRow();
    }
}

void RtfDocument::styleWord(std::string_view word, int argument)
{
    if (word == "s")
        m_styleNumber = argument;
    else if (word == "cs" || word == "ds" || word == "ts")
        m_styleNumber = -1; // of characters, sections, tables
    else if (word == "sbasedon")
        m_style.based = argument;
    else if (word == "outlinelevel")
        m_style.outline = argument;
}

void RtfDocument::endStyle()
{
    if (m_styleName.empty())
        return;
    std::string name;
    for (const char c : m_styleName.substr(0, m_styleName.find(';')))
        name += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    if (name == "title")
        m_style.outline = 0;
    else if (name.size() == 9 && name.starts_with("heading ") && name[8] >= '1' && name[8] <= '9')
        m_style.outline = name[8] - '1';
    else if (name == "source code" || name == "preformatted text" || name == "html preformatted")
        m_style.code = true;
    if (m_styleNumber >= 0 && m_styles.size() < kMaxTable)
        m_styles.emplace(m_styleNumber, m_style);
    m_style = {};
    m_styleNumber = 0;
    m_styleName.clear();
}

RtfDocument::Style RtfDocument::resolved(int number) const
{
    Style all;
    for (int i = 0; i < kMaxChain && number >= 0; ++i) {
        const auto found = m_styles.find(number);
        if (found == m_styles.end())
            break;
        if (all.outline < 0)
            all.outline = found->second.outline;
        all.code = all.code || found->second.code;
        number = found->second.based;
    }
    return all;
}

void RtfDocument::byte(char byte)
{
    m_groups.back().first = false;
    if (m_toSkip > 0) {
        --m_toSkip;
        return;
    }
    if (m_groups.back().where != Where::Aside && !m_groups.back().hidden)
        m_bytes += byte;
}

void RtfDocument::symbol(char symbol)
{
    m_groups.back().first = false;
    if (m_toSkip > 0) {
        --m_toSkip;
        return;
    }
    if (symbol == '\\' || symbol == '{' || symbol == '}') {
        byte(symbol);
    } else if (symbol == '~') {
        flushBytes();
        text(" ");
    } else if (symbol == '_') {
        flushBytes();
        text("-");
    } else if (symbol == '\n' || symbol == '\r') {
        word("par", std::nullopt, false);
    }
}

void RtfDocument::character(char32_t character)
{
    if (character >= 0xD800 && character < 0xDC00) {
        m_high = character;
        return;
    }
    if (character >= 0xDC00 && character < 0xE000) {
        const char32_t high = std::exchange(m_high, 0);
        if (high == 0) {
            text(llm::kReplacementCharacter);
            return;
        }
        character = 0x10000 + ((high - 0xD800) << 10) + (character - 0xDC00);
    }
    m_high = 0;
    std::string utf8;
    llm::appendUtf8(utf8, character);
    text(utf8);
}

void RtfDocument::flushBytes()
{
    if (m_bytes.empty())
        return;
    const std::string bytes = std::move(m_bytes);
    m_bytes.clear();
    const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0; });
    const int page = m_groups.back().codePage;
    if (ascii && page != 10000)
        text(bytes);
    else
        text(fromCharset(bytes, codePageName(page))
                 .value_or(fromCharset(bytes, "CP1252").value_or(bytes)));
}

void RtfDocument::text(std::string_view text)
{
    const Group &group = m_groups.back();
    if (group.hidden)
        return;
    switch (group.where) {
    case Where::Body:
        m_text += text;
        break;
    case Where::Title:
        m_title += text;
        break;
    case Where::Note:
        m_note += text;
        break;
    case Where::Styles:
        if (m_styleName.size() < kMaxName)
            m_styleName += text;
        break;
    case Where::Aside:
    case Where::Fonts:
        break;
    }
}

void RtfDocument::endParagraph()
{
    std::string text = std::move(m_text);
    m_text.clear();
    const std::vector<std::string> notes = std::move(m_notes);
    m_notes.clear();
    if (m_paragraph.inTable) {
        m_cell += (m_cell.empty() ? "" : " ");
        m_cell += text;
        for (const std::string &note : notes)
            m_cell += ' ' + note;
        return;
    }
    if (m_flow.inTable())
        m_flow.endTable();
    const Style style = resolved(m_paragraph.style);
    const int outline = m_paragraph.outline >= 0 ? m_paragraph.outline : style.outline;
    const std::size_t mark = markLength(text);
    if (outline >= 0 && outline < 9) {
        m_flow.heading(outline + 1, std::move(text));
    } else if (m_paragraph.list > 0 || m_paragraph.marked) {
        m_flow.listItem(m_paragraph.listLevel + 1, std::move(text));
    } else if (mark > 0) {
        m_flow.listItem(std::clamp(m_paragraph.indent / kListIndent, 1, 9), text.substr(mark));
    } else if (style.code) {
        m_flow.code(std::move(text));
    } else {
        m_flow.paragraph(std::move(text));
    }
    for (const std::string &note : notes)
        m_flow.paragraph(note);
    m_paragraph.marked = false;
}

void RtfDocument::endCell()
{
    m_paragraph.inTable = true;
    endParagraph();
    if (m_cells.size() < kMaxCells)
        m_cells.push_back(std::move(m_cell));
    m_cell.clear();
    m_paragraph.marked = false;
}

void RtfDocument::endRow()
{
    if (!m_flow.inTable())
        m_flow.beginTable();
    m_flow.beginRow();
    if (m_header)
        m_flow.markHeader();
    for (std::string &cell : m_cells) {
        m_flow.beginCell();
        m_flow.paragraph(std::move(cell));
        m_flow.endCell();
    }
    m_flow.endRow();
    m_cells.clear();
    m_paragraph.inTable = false;
}

void RtfDocument::finish()
{
    while (m_groups.size() > 1)
        closeGroup();
    flushBytes();
    if (!m_cell.empty() || !m_cells.empty()) {
        endCell();
        endRow();
    }
    m_paragraph.inTable = false;
    endParagraph();
    m_flow.finish();
}

} // namespace alcove::documents
