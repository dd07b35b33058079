// HTML to paragraphs, headings, lists and tables: for web pages, books and mails.
//
// Nothing is built but what is put into the flow: elements are taken as they come, so that their
// nesting costs nothing but a few bytes. Nothing is loaded. One thread; fails with InvalidFile
// when elements are nested beyond all reason, and with tooMuchText().
#pragma once

#include "core/base/result.h"
#include "core/documents/extract/flow.h"

#include <string>
#include <string_view>

namespace alcove::documents {

struct HtmlFacts {
    std::string title;
    std::string language;
};

// `charset` as whoever brought the page says; empty: as the page says, or looks.
Result<HtmlFacts> addHtml(Flow &flow, std::string_view bytes, std::string_view charset,
                          const ReadLimits &limits);

} // namespace alcove::documents
