// DocumentBuilder: puts a DocumentText together in reading order, within limits.
//
// Used by one reader on one thread. Text is given as UTF-8 in any state: what is malformed becomes
// U+FFFD, control characters other than \n and \t are dropped, \r\n and \r become \n. Once the
// limit of text is reached nothing more is taken and full() tells so; the reader then fails with
// tooMuchText().
#pragma once

#include "core/base/result.h"
#include "core/documents/document_text.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::documents {

struct ReadLimits {
    std::uint64_t fileBytes = std::uint64_t(2) << 30;
    std::uint64_t textBytes = std::uint64_t(256) << 20; // of the text taken out
    std::uint64_t unpackedBytes = std::uint64_t(1) << 30; // of an archive, in all
    std::uint32_t archiveEntries = 200'000;
    std::uint32_t pages = 100'000;
    std::uint32_t depth = 200; // of nested elements that are followed
};

class DocumentBuilder
{
public:
    explicit DocumentBuilder(PageKind kind, const ReadLimits &limits);

    // Begins a page (slide, sheet). Without a call, what is added goes to one page without a label.
    void beginPage(std::string label);
    void markRecognised(); // the page at hand was read by OCR

    // Each adds one block and the blank line or line feed behind it; white space at the ends is
    // dropped and an empty text adds nothing. A line feed inside stays.
    void heading(int level, std::string_view text);
    void paragraph(std::string_view text);
    void listItem(int level, std::string_view text); // written with "- " and its indent before it
    void code(std::string_view text); // spaces at the beginning of lines are kept
    void tableRow(const std::vector<std::string> &cells, bool header = false); // " | " between
    void endTable(); // a blank line after the rows
    // Text that is on the page and in no block: page numbers, running heads.
    void aside(std::string_view text);

    // Adds text as it is, blocks and all: for formats whose text is their source (text, Markdown).
    // The blocks' ranges are bytes of `text`, which must be clean() already.
    void verbatim(std::string_view text, const std::vector<Block> &blocks);

    void setTitle(std::string_view title);
    void setLanguage(std::string_view language);
    void remark(std::string sentence);

    bool full() const { return m_full; }
    bool empty() const { return m_document.blocks.empty(); }
    DocumentText finish();

    // Well-formed UTF-8 as described above.
    static std::string clean(std::string_view text);

private:
    Page &page();
    void add(BlockKind kind, int level, std::string_view text, std::string_view before,
             std::string_view behind, bool header = false);

    ReadLimits m_limits;
    DocumentText m_document;
    std::uint64_t m_bytes = 0;
    bool m_full = false;
};

Error tooMuchText();

} // namespace alcove::documents
