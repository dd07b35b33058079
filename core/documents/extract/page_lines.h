// From the lines of a printed page to headings, paragraphs, list items and table rows.
//
// A PDF says where letters are, not what they are for. What a line is for is read from its place
// and height, as far as both are known: a heading stands alone and is higher than the text, a
// paragraph ends where the gap beneath a line is wider, table rows are lines with wide gaps within.
// Pure functions; any thread; nothing fails.
#pragma once

#include "core/documents/document_builder.h"

#include <string>
#include <vector>

namespace alcove::documents {

struct PageLine {
    std::string text; // UTF-8; one printed line
    // In points, y downwards; all 0 where the file does not tell.
    float left = 0;
    float right = 0;
    float top = 0;
    float bottom = 0;
    bool gaps = false; // wide empty stretches within: cells of a table
    int headingLevel = 0; // where the file's outline names this line
};

struct PageOfLines {
    std::vector<PageLine> lines;
    bool placed = false; // the lines' places are known
};

// What is common to a document's pages.
struct PageStyle {
    float plainHeight = 0; // of lines without letters that reach below, and with them
    float deepHeight = 0;
    float leading = 0; // from one line of a paragraph to the next
    std::vector<std::string> running; // lines at the pages' edges that come again and again
};

PageStyle styleOf(const std::vector<PageOfLines> &pages);

// Adds the page's blocks to the page that `builder` is at.
void addPage(DocumentBuilder &builder, const PageOfLines &page, const PageStyle &style);

// Two lines of one paragraph as one text; a word parted by a hyphen at the line's end is whole
// again.
void joinLine(std::string &paragraph, const std::string &line);

} // namespace alcove::documents
