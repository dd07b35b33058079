// Structure of texts that are shown as they are: blocks as ranges of the text. Pure functions; any
// thread; nothing fails. `text` is DocumentBuilder::clean().
#pragma once

#include "core/documents/document_text.h"

#include <string_view>
#include <vector>

namespace alcove::documents {

// Paragraphs parted by blank lines; lists by their bullets and numbers.
std::vector<Block> plainBlocks(std::string_view text);

// CommonMark's blocks as far as search needs them: headings (# and underlined), paragraphs, list
// items, fenced and indented code, tables with pipes. https://spec.commonmark.org/0.30/
std::vector<Block> markdownBlocks(std::string_view text);

// Runs of lines that belong together: a new one begins after a blank line, where a line is not
// indented.
std::vector<Block> codeBlocks(std::string_view text);

} // namespace alcove::documents
