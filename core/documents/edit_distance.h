// How many letters apart two words are. Pure; any thread.
#pragma once

#include <string_view>

namespace alcove::documents {

// Insertions, deletions, exchanges and swaps of neighbours (the restricted distance of Damerau and
// Levenshtein) that make `a` into `b`; `most` + 1 where it takes more than `most`.
int editDistance(std::u32string_view a, std::u32string_view b, int most);

} // namespace alcove::documents
