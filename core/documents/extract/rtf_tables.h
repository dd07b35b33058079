// The words and code pages of RTF that stand for something else. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace alcove::documents {

// What a control word writes, as UTF-8; null when it writes nothing.
const char *rtfSymbol(std::string_view word);

// Whether a group that begins with this word holds no text of the document.
bool isRtfAside(std::string_view word);

// The code page of a font by its \fcharset; `usual` for those that follow the document's.
int rtfCodePage(int charset, int usual);

// Its name, as iconv has it.
std::string codePageName(int codePage);

} // namespace alcove::documents
