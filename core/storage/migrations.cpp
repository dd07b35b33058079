#include "core/storage/migrations.h"

namespace alcove::storage {

namespace {

// Version 1.
// - Times are milliseconds since 1970, UTC.
// - A chat is a tree: parent_id is null for a first message. A parent is older than its children
//   (its id is smaller), so no row can be its own ancestor. Parents are not cascaded: SQLite's
//   cascade recurses, and a long conversation is deeper than its limit of 1000.
// - answer_pieces holds what of a Streaming answer is saved so far; it moves into messages.text in
//   one step when the answer ends. Appending to messages.text would rewrite the whole row, and its
//   index, each time.
// - A setting's value is JSON.
// - The full-text tables keep no second copy of the text: triggers follow the tables they index.
Result<> version1(Database &database)
{
    return database.execute(R"sql(
CREATE TABLE chats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    active_leaf INTEGER REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    deleted_at INTEGER
) STRICT;
CREATE INDEX chats_by_active_leaf ON chats (active_leaf);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL REFERENCES chats (id),
    parent_id INTEGER REFERENCES messages (id) CHECK (parent_id < id),
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    state TEXT NOT NULL
        CHECK (state IN ('complete', 'streaming', 'stopped', 'interrupted', 'failed')),
    text TEXT NOT NULL,
    error_text TEXT NOT NULL DEFAULT '',
    model_name TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    answer_tokens INTEGER NOT NULL DEFAULT 0,
    dropped_messages INTEGER NOT NULL DEFAULT 0,
    prefill_seconds REAL NOT NULL DEFAULT 0,
    decode_seconds REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_by_parent ON messages (parent_id, chat_id);
CREATE INDEX messages_by_chat ON messages (chat_id);
CREATE INDEX messages_streaming ON messages (state) WHERE state = 'streaming';

CREATE TABLE answer_pieces (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_fts_update AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO messages_fts (rowid, text) VALUES (new.id, new.text);
END;

CREATE VIRTUAL TABLE chats_fts USING fts5 (
    title, content = 'chats', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER chats_fts_insert AFTER INSERT ON chats BEGIN
    INSERT INTO chats_fts (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER chats_fts_delete AFTER DELETE ON chats BEGIN
    INSERT INTO chats_fts (chats_fts, rowid, title) VALUES ('delete', old.id, old.title);
END;
CREATE TRIGGER chats_fts_update AFTER UPDATE OF title ON chats BEGIN
    INSERT INTO chats_fts (chats_fts, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO chats_fts (rowid, title) VALUES (new.id, new.title);
END;
)sql");
}

// Version 2: what a model thinks before it answers, apart from the answer; a piece holds what was
// added to both. It is not in the full-text index: a search is for what was said.
Result<> version2(Database &database)
{
    return database.execute(R"sql(
ALTER TABLE messages ADD COLUMN reasoning TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN reasoning_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE answer_pieces ADD COLUMN reasoning TEXT NOT NULL DEFAULT '';
ALTER TABLE answer_pieces ADD COLUMN reasoning_seconds REAL NOT NULL DEFAULT 0;
)sql");
}

// Version 3: documents.
// - begin and end of a passage are Unicode code points of the document's pages, one after the
// other.
// - passages_fts keeps terms (stems, pairs of characters), not words: see core/documents. It has
// its
//   own copy, because a passage's terms cannot be told from its text once the rules have changed.
// - passage_vectors holds 32-bit floats of length 1, little-endian.
Result<> version3(Database &database)
{
    return database.execute(R"sql(
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    path TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'failed')),
    error_text TEXT NOT NULL,
    title TEXT NOT NULL,
    language TEXT NOT NULL,
    page_kind INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    hash TEXT NOT NULL,
    remarks TEXT NOT NULL,
    indexed_at INTEGER NOT NULL,
    UNIQUE (collection_id, path)
) STRICT;
CREATE INDEX documents_by_hash ON documents (hash);

CREATE TABLE document_pages (
    document_id INTEGER NOT NULL REFERENCES documents (id),
    number INTEGER NOT NULL,
    label TEXT NOT NULL,
    text TEXT NOT NULL,
    recognised INTEGER NOT NULL CHECK (recognised IN (0, 1)),
    PRIMARY KEY (document_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    number INTEGER NOT NULL,
    page INTEGER NOT NULL,
    begin INTEGER NOT NULL,
    end INTEGER NOT NULL CHECK (end > begin),
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (document_id, number)
) STRICT;
CREATE VIRTUAL TABLE passages_fts USING fts5 (
    terms, heading, name, tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'");
CREATE VIRTUAL TABLE passages_vocabulary USING fts5vocab (passages_fts, 'row');

CREATE TABLE embedding_models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE passage_vectors (
    passage_id INTEGER PRIMARY KEY REFERENCES passages (id),
    model_id INTEGER NOT NULL REFERENCES embedding_models (id),
    vector BLOB NOT NULL
) STRICT;
)sql");
}

// Version 4: questions of documents within chats.
// - chat_collections: the collections that a chat's questions are asked of.
// - message_citations: where an answer stands. A copy of what is needed to show them, because the
//   document may change or go; hash is that of the file as it was read.
// - documents.locked: it could not be read for want of a password.
// - index_queue: files and folders that were to be taken in and are not yet: the work goes on after
//   a crash. watched_folders: looked at again when something in them changes.
Result<> version4(Database &database)
{
    return database.execute(R"sql(
ALTER TABLE messages ADD COLUMN passages_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1));

CREATE TABLE chat_collections (
    chat_id INTEGER NOT NULL REFERENCES chats (id),
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    PRIMARY KEY (chat_id, collection_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_collections_by_collection ON chat_collections (collection_id);

CREATE TABLE message_citations (
    message_id INTEGER NOT NULL REFERENCES messages (id),
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    page_kind INTEGER NOT NULL,
    page TEXT NOT NULL,
    begin INTEGER NOT NULL,
    end INTEGER NOT NULL,
    text TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    UNIQUE (collection, path)
) STRICT;

CREATE TABLE watched_folders (
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    path TEXT NOT NULL,
    PRIMARY KEY (collection_id, path)
) STRICT, WITHOUT ROWID;
)sql");
}

constexpr Migration kMigrations[] = {
    {1, version1},
    {2, version2},
    {3, version3},
    {4, version4},
};
static_assert(versionsRise(kMigrations), "versions must rise: did a merge repeat a number?");

} // namespace

std::span<const Migration> migrations()
{
    return kMigrations;
}

Result<int> schemaVersion(const Database &database)
{
    return database.number("PRAGMA user_version").map([](qint64 version) { return int(version); });
}

Result<> migrate(Database &database, std::span<const Migration> steps)
{
    auto version = schemaVersion(database);
    if (!version)
        return fail(std::move(version.error()));
    for (const Migration &step : steps) {
        if (step.version <= *version)
            continue;
        auto transaction = Transaction::begin(database);
        if (!transaction)
            return fail(std::move(transaction.error()));
        if (auto done = step.apply(database); !done)
            return done;
        // PRAGMA takes no parameters; both numbers are ours.
        const std::string mark = "PRAGMA application_id = " + std::to_string(kApplicationId)
            + "; PRAGMA user_version = " + std::to_string(step.version);
        if (auto done = database.execute(mark.c_str()); !done)
            return done;
        if (auto done = transaction->commit(); !done)
            return done;
    }
    return {};
}

} // namespace alcove::storage
