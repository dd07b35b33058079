#include "core/documents/document_rows.h"

#include <string>

namespace alcove::documents {

Result<> dropTexts(storage::Database &database, const char *which, qint64 value)
{
    const std::string documents = std::string("(SELECT id FROM documents WHERE ") + which + ")";
    const std::string passages = "(SELECT id FROM passages WHERE document_id IN " + documents + ")";
    for (const std::string &sql : {
             "DELETE FROM passages_fts WHERE rowid IN " + passages,
             "DELETE FROM passage_vectors WHERE passage_id IN " + passages,
             "DELETE FROM passages WHERE document_id IN " + documents,
             "DELETE FROM document_pages WHERE document_id IN " + documents,
         }) {
        if (auto done = database.run(sql, value); !done)
            return done;
    }
    return {};
}

} // namespace alcove::documents
