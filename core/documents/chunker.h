// From a document's text to passages: the pieces that are indexed, found, shown to the model and
// cited.
//
// A passage is one range of the document's text (see DocumentText), cut where the document itself
// parts: before headings, between paragraphs, rows and items, else between sentences (the sentence
// rules of Unicode, UAX 29), and between words only where a sentence alone is too long. Neighbours
// within a section share some sentences. Pure functions; any thread; nothing fails.
#pragma once

#include "core/documents/document_text.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace alcove::documents {

struct Passage {
    // Unicode code points of the document's whole text; `text` is exactly that range.
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint32_t page = 0; // the page where it begins: index into DocumentText::pages
    std::string heading; // the headings above it, outermost first: "Costs > 2023"
    std::string
        columns; // of a table's rows: the row that names the columns, if it is not in `text`
    std::string text;
};

struct ChunkOptions {
    std::size_t tokens = 320; // the most in a passage
    std::size_t overlap = 40; // the most that neighbours share
};

using TokenCounter = std::function<std::size_t(std::string_view)>;

// About as many tokens as common vocabularies make of it: four letters of Latin script each, one
// character of others.
std::size_t estimatedTokens(std::string_view text);

std::vector<Passage> passagesOf(const DocumentText &document, const ChunkOptions &options = {},
                                const TokenCounter &count = estimatedTokens);

} // namespace alcove::documents
