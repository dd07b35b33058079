// DocumentText: what a file says, as text with its structure. Every reader of
// core/documents/extract makes one, and all that follows (chunks, the index, citations) stands on
// it.
//
// The text of a document is the texts of its pages, one after the other, with nothing between. A
// block is a range of one page's text; blocks are in reading order and do not overlap. What lies
// between blocks is space and marks. Values only; any thread; nothing fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace alcove::documents {

enum class BlockKind : std::uint8_t {
    Paragraph,
    Heading, // level: 1 (a chapter) to 6
    ListItem, // level: 1 for the outermost list
    TableRow, // cells parted by " | "; the first row of a table is `header` where the file says so
    Code,
};

struct Block {
    BlockKind kind = BlockKind::Paragraph;
    std::uint8_t level = 0;
    bool header = false; // a TableRow that names the columns
    std::uint32_t page = 0; // index into `pages`
    std::size_t begin = 0; // bytes of the page's text
    std::size_t end = 0;
};

enum class PageKind : std::uint8_t {
    None, // the format has no pages: text, Markdown, HTML, word processors
    Page, // label: the page's number, from 1
    Slide, // label: the slide's number, from 1
    Sheet, // label: the sheet's name
};

struct Page {
    std::string label; // empty for PageKind::None
    std::string text; // UTF-8, well-formed, lines end with \n; no \0
    bool recognised = false; // by OCR, from a picture
};

struct DocumentText {
    std::string title; // of the file's own metadata; may be empty
    std::string language; // as the file says: "de", "en-GB"; may be empty
    PageKind pageKind = PageKind::None;
    std::vector<Page> pages;
    std::vector<Block> blocks;
    // Sentences for the user about what could not be read ("Pages 3 and 4 are pictures, and ...").
    std::vector<std::string> remarks;

    std::size_t textBytes() const
    {
        std::size_t bytes = 0;
        for (const Page &page : pages)
            bytes += page.text.size();
        return bytes;
    }
};

} // namespace alcove::documents
