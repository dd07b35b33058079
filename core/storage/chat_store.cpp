#include "core/storage/chat_store.h"

#include "core/storage/message_rows.h"
#include "core/storage/search_words.h"

#include <utility>

namespace alcove::storage {

using llm::Role;

namespace {

#define CHAT_COLUMNS "c.id, c.title, c.pinned, c.created_at, c.updated_at"
#define CHAT_ORDER " ORDER BY c.pinned DESC, c.updated_at DESC, c.id DESC"

ChatSummary readSummary(const Statement &row)
{
    ChatSummary summary;
    summary.id = row.integer(0);
    summary.title = row.text(1);
    summary.pinned = row.integer(2) != 0;
    summary.createdAt = timeOf(row.integer(3));
    summary.updatedAt = timeOf(row.integer(4));
    return summary;
}

Result<QVector<ChatSummary>> readSummaries(Result<Statement> rows)
{
    if (!rows)
        return fail(std::move(rows.error()));
    QVector<ChatSummary> chats;
    for (;;) {
        auto row = rows->step();
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            return chats;
        chats.append(readSummary(*rows));
    }
}

tl::unexpected<Error> noChat()
{
    return fail(ErrorCode::NotFound, "This chat is no longer there.");
}

tl::unexpected<Error> noMessage()
{
    return fail(ErrorCode::NotFound, "This message is no longer there.");
}

} // namespace

Result<QVector<ChatSummary>> ChatStore::list() const
{
    return readSummaries(m_database.prepare("SELECT " CHAT_COLUMNS
                                            " FROM chats c WHERE c.deleted_at IS NULL" CHAT_ORDER));
}

Result<QVector<ChatSummary>> ChatStore::search(const QString &words) const
{
    const QVector<SearchWord> wanted = searchWords(words);
    std::string sql = "SELECT " CHAT_COLUMNS " FROM chats c WHERE c.deleted_at IS NULL";
    for (int i = 0; i < wanted.size(); ++i) {
        std::string word("?");
        word += std::to_string(i + 1);
        if (wanted[i].kind == SearchWord::Kind::FullText)
            sql.append(" AND c.id IN (SELECT rowid FROM chats_fts WHERE chats_fts MATCH ")
                .append(word)
                .append(" UNION SELECT m.chat_id FROM messages_fts f JOIN messages m"
                        " ON m.id = f.rowid WHERE messages_fts MATCH ")
                .append(word)
                .append(")");
        else
            sql.append(" AND (instr(c.title, ")
                .append(word)
                .append(") > 0 OR EXISTS (SELECT 1 FROM messages m WHERE m.chat_id = c.id"
                        " AND instr(m.text, ")
                .append(word)
                .append(") > 0))");
    }
    sql += CHAT_ORDER;
    auto statement = m_database.prepare(sql);
    if (!statement)
        return fail(std::move(statement.error()));
    for (int i = 0; i < wanted.size(); ++i) {
        if (auto done = statement->bind(i + 1, wanted[i].pattern); !done)
            return fail(std::move(done.error()));
    }
    return readSummaries(std::move(statement));
}

Result<ChatSummary> ChatStore::summary(ChatId chat) const
{
    auto found = readSummaries(m_database.bound("SELECT " CHAT_COLUMNS " FROM chats c"
                                                " WHERE c.id = ?1 AND c.deleted_at IS NULL",
                                                chat));
    if (!found)
        return fail(std::move(found.error()));
    if (found->isEmpty())
        return noChat();
    return found->first();
}

Result<Conversation> ChatStore::conversation(ChatId chat) const
{
    auto found = summary(chat);
    if (!found)
        return fail(std::move(found.error()));
    auto branch = activeBranch(m_database, chat);
    if (!branch)
        return fail(std::move(branch.error()));
    auto asked = collections(chat);
    if (!asked)
        return fail(std::move(asked.error()));
    return Conversation{*found, std::move(*branch), std::move(*asked)};
}

Result<QStringList> ChatStore::collections(ChatId chat) const
{
    QStringList names;
    auto done = m_database.each(
        "SELECT c.name FROM chat_collections k JOIN collections c ON c.id = k.collection_id"
        " WHERE k.chat_id = ?1 ORDER BY c.name",
        [&](const Statement &row) { names << row.text(0); }, chat);
    return done ? Result<QStringList>(std::move(names)) : fail(std::move(done.error()));
}

Result<> ChatStore::replaceCollections(ChatId chat, const QStringList &names)
{
    if (auto done = m_database.run("DELETE FROM chat_collections WHERE chat_id = ?1", chat); !done)
        return done;
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    for (const QString &name : names) {
        if (auto done = m_database.run(
                "INSERT OR IGNORE INTO collections (name, created_at) VALUES (?1, ?2)", name, now);
            !done)
            return done;
        if (auto done =
                m_database.run("INSERT OR IGNORE INTO chat_collections (chat_id, collection_id)"
                               " SELECT ?1, id FROM collections WHERE name = ?2",
                               chat, name);
            !done)
            return done;
    }
    return {};
}

Result<QStringList> ChatStore::setCollections(ChatId chat, const QStringList &names)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    if (auto there = summary(chat); !there)
        return fail(std::move(there.error()));
    if (auto done = replaceCollections(chat, names); !done)
        return fail(std::move(done.error()));
    auto now = collections(chat);
    if (!now)
        return now;
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return now;
}

Result<ChatSummary> ChatStore::rename(ChatId chat, const QString &title)
{
    auto done = m_database.run("UPDATE chats SET title = ?2 WHERE id = ?1 AND deleted_at IS NULL",
                               chat, title.simplified());
    return done ? summary(chat) : fail(std::move(done.error()));
}

Result<ChatSummary> ChatStore::setPinned(ChatId chat, bool pinned)
{
    auto done = m_database.run("UPDATE chats SET pinned = ?2 WHERE id = ?1 AND deleted_at IS NULL",
                               chat, int(pinned));
    return done ? summary(chat) : fail(std::move(done.error()));
}

Result<> ChatStore::remove(ChatId chat, const QDateTime &now)
{
    auto done =
        m_database.run("UPDATE chats SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL",
                       chat, now.toMSecsSinceEpoch());
    if (done && m_database.changes() == 0)
        return noChat();
    return done;
}

Result<ChatSummary> ChatStore::restore(ChatId chat)
{
    auto done = m_database.run("UPDATE chats SET deleted_at = NULL WHERE id = ?1", chat);
    return done ? summary(chat) : fail(std::move(done.error()));
}

Result<int> ChatStore::purge(const QDateTime &limit)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    const qint64 before = limit.toMSecsSinceEpoch();
    int purged = 0;
    for (const char *sql : {
             "UPDATE chats SET active_leaf = NULL WHERE deleted_at < ?1",
             "DELETE FROM answer_pieces WHERE message_id IN (SELECT m.id FROM messages m"
             " JOIN chats c ON c.id = m.chat_id WHERE c.deleted_at < ?1)",
             "DELETE FROM message_citations WHERE message_id IN (SELECT m.id FROM messages m"
             " JOIN chats c ON c.id = m.chat_id WHERE c.deleted_at < ?1)",
             "DELETE FROM messages WHERE chat_id IN (SELECT id FROM chats WHERE deleted_at < ?1)",
             "DELETE FROM chat_collections WHERE chat_id IN"
             " (SELECT id FROM chats WHERE deleted_at < ?1)",
             "DELETE FROM chats WHERE deleted_at < ?1",
         }) {
        if (auto done = m_database.run(sql, before); !done)
            return fail(std::move(done.error()));
        purged = int(m_database.changes());
    }
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return purged;
}

Result<MessageId> ChatStore::insertMessage(ChatId chat, std::optional<MessageId> parent,
                                           const Message &message)
{
    auto done = m_database.run(
        "INSERT INTO messages (chat_id, parent_id, role, state, text, model_name, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        chat, parent, roleColumn(message.role), stateColumn(message.state), message.text,
        message.modelName, message.createdAt.toMSecsSinceEpoch());
    if (!done)
        return fail(std::move(done.error()));
    return m_database.lastInsertId();
}

Result<Conversation> ChatStore::insertTurn(ChatId chat, std::optional<MessageId> parent,
                                           const QString *prompt, const AnswerDraft &answer)
{
    if (prompt) {
        Message message;
        message.role = Role::User;
        message.text = *prompt;
        message.createdAt = answer.createdAt;
        auto id = insertMessage(chat, parent, message);
        if (!id)
            return fail(std::move(id.error()));
        parent = *id;
    }
    Message message;
    message.role = Role::Assistant;
    message.state = MessageState::Streaming;
    message.modelName = answer.modelName;
    message.createdAt = answer.createdAt;
    auto id = insertMessage(chat, parent, message);
    if (!id)
        return fail(std::move(id.error()));
    if (auto done =
            m_database.run("UPDATE chats SET active_leaf = ?2, updated_at = ?3 WHERE id = ?1", chat,
                           *id, answer.createdAt.toMSecsSinceEpoch());
        !done)
        return fail(std::move(done.error()));
    return conversation(chat);
}

Result<Conversation> ChatStore::addPrompt(ChatId chat, const QString &titleIfNew,
                                          const QString &text, const AnswerDraft &answer,
                                          const QStringList &collectionsIfNew)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    std::optional<MessageId> leaf;
    if (chat == kNoId) {
        const qint64 now = answer.createdAt.toMSecsSinceEpoch();
        if (auto done = m_database.run(
                "INSERT INTO chats (title, created_at, updated_at) VALUES (?1, ?2, ?2)", titleIfNew,
                now);
            !done)
            return fail(std::move(done.error()));
        chat = m_database.lastInsertId();
        if (auto done = replaceCollections(chat, collectionsIfNew); !done)
            return fail(std::move(done.error()));
    } else {
        auto found = m_database.bound(
            "SELECT active_leaf FROM chats WHERE id = ?1 AND deleted_at IS NULL", chat);
        auto row = found ? found->step() : Result<bool>(fail(found.error()));
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            return noChat();
        if (!found->isNull(0))
            leaf = found->integer(0);
    }
    auto turn = insertTurn(chat, leaf, &text, answer);
    if (!turn)
        return turn;
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return turn;
}

Result<ChatStore::Place> ChatStore::place(MessageId message) const
{
    auto found = m_database.bound("SELECT m.chat_id, m.parent_id FROM messages m"
                                  " JOIN chats c ON c.id = m.chat_id"
                                  " WHERE m.id = ?1 AND c.deleted_at IS NULL",
                                  message);
    auto row = found ? found->step() : Result<bool>(fail(found.error()));
    if (!row)
        return fail(std::move(row.error()));
    if (!*row)
        return noMessage();
    Place place{found->integer(0), std::nullopt};
    if (!found->isNull(1))
        place.parent = found->integer(1);
    return place;
}

Result<ChatStore::Place> ChatStore::place(MessageId message, Role role) const
{
    auto right = m_database.number("SELECT count(*) FROM messages WHERE id = ?1 AND role = ?2",
                                   message, roleColumn(role));
    if (!right)
        return fail(std::move(right.error()));
    if (*right == 0)
        return noMessage();
    return place(message);
}

Result<Conversation> ChatStore::editPrompt(MessageId prompt, const QString &text,
                                           const AnswerDraft &answer)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    auto found = place(prompt, Role::User);
    if (!found)
        return fail(std::move(found.error()));
    auto turn = insertTurn(found->chat, found->parent, &text, answer);
    if (!turn)
        return turn;
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return turn;
}

Result<Conversation> ChatStore::addAnswer(MessageId sibling, const AnswerDraft &answer)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    auto found = place(sibling, Role::Assistant);
    if (!found)
        return fail(std::move(found.error()));
    auto turn = insertTurn(found->chat, found->parent, nullptr, answer);
    if (!turn)
        return turn;
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return turn;
}

Result<Conversation> ChatStore::selectSibling(MessageId message, int index)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    auto found = place(message);
    if (!found)
        return fail(std::move(found.error()));
    auto sibling = m_database.number("SELECT id FROM messages"
                                     " WHERE parent_id IS ?1 AND chat_id = ?2 AND ?3 >= 0"
                                     " ORDER BY id LIMIT 1 OFFSET ?3",
                                     found->parent, found->chat, index);
    if (!sibling)
        return fail(std::move(sibling.error()));
    // Children are newer than their parents, so the newest of all descendants is a leaf.
    auto leaf = m_database.number(R"sql(
        WITH RECURSIVE below (id) AS (
            SELECT ?1 UNION ALL
            SELECT m.id FROM below JOIN messages m ON m.parent_id = below.id)
        SELECT max(id) FROM below)sql",
                                  *sibling);
    if (!leaf)
        return fail(std::move(leaf.error()));
    if (auto done =
            m_database.run("UPDATE chats SET active_leaf = ?2 WHERE id = ?1", found->chat, *leaf);
        !done)
        return fail(std::move(done.error()));
    auto selected = conversation(found->chat);
    if (!selected)
        return selected;
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return selected;
}

Result<> ChatStore::appendPiece(MessageId message, qint64 number, const AnswerPiece &piece)
{
    return m_database.run(
        "INSERT INTO answer_pieces (message_id, number, text, reasoning, reasoning_seconds)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
        message, number, piece.text, piece.reasoning, piece.reasoningSeconds);
}

Result<> ChatStore::finishAnswer(const Message &message)
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    if (auto done = m_database.run(
            "UPDATE messages SET state = ?2, text = ?3, error_text = ?4, prompt_tokens = ?5,"
            " answer_tokens = ?6, dropped_messages = ?7, prefill_seconds = ?8, decode_seconds = ?9,"
            " reasoning = ?10, reasoning_seconds = ?11, passages_read = ?12 WHERE id = ?1",
            message.id, stateColumn(message.state), message.text, message.errorText,
            message.promptTokens, message.answerTokens, message.droppedMessages,
            message.prefillSeconds, message.decodeSeconds, message.reasoning,
            message.reasoningSeconds, message.passagesRead);
        !done)
        return done;
    if (m_database.changes() == 0)
        return noMessage();
    if (auto done =
            m_database.run("DELETE FROM message_citations WHERE message_id = ?1", message.id);
        !done)
        return done;
    for (const MessageCitation &citation : message.citations) {
        if (auto done = m_database.run(
                "INSERT INTO message_citations (message_id, number, path, title, page_kind, page,"
                " begin, end, text, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                message.id, citation.number, citation.path, citation.title, citation.pageKind,
                citation.page, citation.begin, citation.end, citation.text, citation.hash);
            !done)
            return done;
    }
    if (auto done = m_database.run("DELETE FROM answer_pieces WHERE message_id = ?1", message.id);
        !done)
        return done;
    return transaction->commit();
}

Result<int> ChatStore::interruptStreaming()
{
    auto transaction = Transaction::begin(m_database);
    if (!transaction)
        return fail(std::move(transaction.error()));
    QVector<MessageId> streaming;
    {
        auto rows = m_database.prepare("SELECT id FROM messages WHERE state = 'streaming'");
        if (!rows)
            return fail(std::move(rows.error()));
        for (;;) {
            auto row = rows->step();
            if (!row)
                return fail(std::move(row.error()));
            if (!*row)
                break;
            streaming.append(rows->integer(0));
        }
    }
    for (const MessageId message : std::as_const(streaming)) {
        auto saved = savedAnswer(m_database, message);
        if (!saved)
            return fail(std::move(saved.error()));
        if (auto done =
                m_database.run("UPDATE messages SET state = 'interrupted', text = ?2,"
                               " reasoning = ?3, reasoning_seconds = ?4 WHERE id = ?1",
                               message, saved->text, saved->reasoning, saved->reasoningSeconds);
            !done)
            return fail(std::move(done.error()));
        if (auto done = m_database.run("DELETE FROM answer_pieces WHERE message_id = ?1", message);
            !done)
            return fail(std::move(done.error()));
    }
    if (auto done = transaction->commit(); !done)
        return fail(std::move(done.error()));
    return int(streaming.size());
}

} // namespace alcove::storage
