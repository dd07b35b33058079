// The rows that hang on documents, for who takes documents out. Within a transaction of the
// caller's.
#pragma once

#include "core/storage/sqlite.h"

namespace alcove::documents {

// What is known of the text of the documents that `which` (a condition on `documents` with one
// parameter) names: pages, passages, terms, vectors. The documents' own rows stay.
Result<> dropTexts(storage::Database &database, const char *which, qint64 value);

} // namespace alcove::documents
