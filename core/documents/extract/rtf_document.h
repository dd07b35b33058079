// RtfDocument: what an RTF file's words make of its text: paragraphs with their styles, lists, rows
// of tables, notes.
//
// The tokens come from the reader (rtf_reader.cpp), in order. One thread; nothing fails: what is
// wrong in a file is passed over, and the nesting of groups is the reader's to bound.
#pragma once

#include "core/documents/extract/flow.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alcove::documents {

class RtfDocument
{
public:
    RtfDocument(DocumentBuilder &builder, Flow &flow);

    void openGroup();
    void closeGroup();
    // `starred`: the group may be passed over by who does not know the word.
    void word(std::string_view word, std::optional<int> argument, bool starred);
    void byte(char byte); // of text, in the code page at hand
    void symbol(char symbol); // a control symbol other than \'hh and \*
    void finish();

    std::size_t depth() const { return m_groups.size(); }
    std::uint64_t pending() const { return m_bytes.size() + m_text.size() + m_cell.size(); }

private:
    enum class Where { Body, Aside, Fonts, Styles, Title, Note };

    struct Style {
        int based = -1;
        int outline = -1;
        bool code = false;
    };
    struct Group {
        Where where = Where::Body;
        int codePage = 1252;
        int skip = 1; // characters that follow a \u for old programs
        bool hidden = false;
        bool first = true; // no word has come yet
    };
    struct Paragraph {
        int style = -1;
        int outline = -1;
        int list = 0;
        int listLevel = 0;
        int indent = 0;
        bool inTable = false;
        bool marked = false; // its bullet or number was given as text
    };

    bool begins(std::string_view word, bool starred);
    void styleWord(std::string_view word, int argument);
    void character(char32_t character);
    void text(std::string_view text);
    void flushBytes();
    void endParagraph();
    void endCell();
    void endRow();
    void endStyle();
    Style resolved(int number) const;

    DocumentBuilder &m_builder;
    Flow &m_flow;
    std::vector<Group> m_groups;
    int m_codePage = 1252;
    int m_toSkip = 0; // characters still to be passed over
    char32_t m_high = 0; // the first half of a pair
    std::string m_bytes; // of text, not yet decoded
    std::string m_text; // of the paragraph at hand
    std::string m_title;
    std::string m_note;
    std::vector<std::string> m_notes; // of the paragraph at hand
    Paragraph m_paragraph;
    std::unordered_map<int, int> m_fonts; // code pages
    int m_font = -1; // in the table of fonts
    std::unordered_map<int, Style> m_styles;
    Style m_style; // in the table of styles
    int m_styleNumber = 0;
    std::string m_styleName;
    std::string m_cell;
    std::vector<std::string> m_cells;
    bool m_header = false; // of the row
};

} // namespace alcove::documents
