// Words that every text has and that say nothing of what it is about. Pure; any thread.
#pragma once

#include <string_view>

namespace alcove::documents {

// `word`: case and diacritics folded. Of English, German, French, Spanish, Italian, Portuguese and
// Dutch; one list for all, as a question is too short to tell its language.
bool isFunctionWord(std::string_view word);

} // namespace alcove::documents
