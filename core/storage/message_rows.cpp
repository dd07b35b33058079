#include "core/storage/message_rows.h"

#include <algorithm>
#include <array>
#include <utility>

namespace alcove::storage {

using llm::Role;

namespace {

constexpr std::array<std::pair<Role, const char *>, 3> kRoles{{
    {Role::System, "system"},
    {Role::User, "user"},
    {Role::Assistant, "assistant"},
}};

constexpr std::array<std::pair<MessageState, const char *>, 5> kStates{{
    {MessageState::Complete, "complete"},
    {MessageState::Streaming, "streaming"},
    {MessageState::Stopped, "stopped"},
    {MessageState::Interrupted, "interrupted"},
    {MessageState::Failed, "failed"},
}};

template <typename Table, typename Value>
QString nameOf(const Table &table, Value value)
{
    const auto entry =
        std::find_if(table.begin(), table.end(), [&](auto &one) { return one.first == value; });
    return QString::fromLatin1(entry->second);
}

// The schema's CHECKs hold the names to those of the table.
template <typename Table>
auto valueOf(const Table &table, const QString &name)
{
    const auto entry = std::find_if(table.begin(), table.end(),
                                    [&](auto &one) { return name == QLatin1String(one.second); });
    return entry == table.end() ? table.front().first : entry->first;
}

// From the leaf up to the first message, each step one look-up by id; versions are counted in the
// index by parent.
constexpr const char *kBranch = R"sql(
WITH RECURSIVE branch (id, parent_id, depth) AS (
    SELECT m.id, m.parent_id, 0
    FROM chats c JOIN messages m ON m.id = c.active_leaf WHERE c.id = ?1
    UNION ALL
    SELECT m.id, m.parent_id, branch.depth + 1
    FROM branch JOIN messages m ON m.id = branch.parent_id
)
SELECT m.id, m.parent_id, m.role, m.state, m.text, m.error_text, m.model_name, m.created_at,
    m.prompt_tokens, m.answer_tokens, m.dropped_messages, m.prefill_seconds, m.decode_seconds,
    m.reasoning, m.reasoning_seconds, m.passages_read,
    (SELECT count(*) FROM messages s
        WHERE s.parent_id IS m.parent_id AND s.chat_id = m.chat_id AND s.id < m.id),
    (SELECT count(*) FROM messages s
        WHERE s.parent_id IS m.parent_id AND s.chat_id = m.chat_id)
FROM branch CROSS JOIN messages m ON m.id = branch.id
ORDER BY branch.depth DESC
)sql";

Message readMessage(const Statement &row)
{
    Message message;
    message.id = row.integer(0);
    message.parent = row.integer(1); // null reads as kNoId
    message.role = valueOf(kRoles, row.text(2));
    message.state = valueOf(kStates, row.text(3));
    message.text = row.text(4);
    message.errorText = row.text(5);
    message.modelName = row.text(6);
    message.createdAt = timeOf(row.integer(7));
    message.promptTokens = quint32(row.integer(8));
    message.answerTokens = quint32(row.integer(9));
    message.droppedMessages = quint32(row.integer(10));
    message.prefillSeconds = row.real(11);
    message.decodeSeconds = row.real(12);
    message.reasoning = row.text(13);
    message.reasoningSeconds = row.real(14);
    message.passagesRead = quint32(row.integer(15));
    message.siblingIndex = int(row.integer(16));
    message.siblingCount = int(row.integer(17));
    return message;
}

Result<QVector<MessageCitation>> citationsOf(const Database &database, MessageId message)
{
    QVector<MessageCitation> citations;
    auto done = database.each(
        "SELECT number, path, title, page_kind, page, begin, end, text, hash"
        " FROM message_citations WHERE message_id = ?1 ORDER BY number",
        [&](const Statement &row) {
            MessageCitation citation;
            citation.number = int(row.integer(0));
            citation.path = row.text(1);
            citation.title = row.text(2);
            citation.pageKind = int(row.integer(3));
            citation.page = row.text(4);
            citation.begin = row.integer(5);
            citation.end = row.integer(6);
            citation.text = row.text(7);
            citation.hash = row.text(8);
            citations.append(std::move(citation));
        },
        message);
    return done ? Result<QVector<MessageCitation>>(std::move(citations))
                : fail(std::move(done.error()));
}

} // namespace

QString roleColumn(Role role)
{
    return nameOf(kRoles, role);
}

QString stateColumn(MessageState state)
{
    return nameOf(kStates, state);
}

QDateTime timeOf(qint64 milliseconds)
{
    return QDateTime::fromMSecsSinceEpoch(milliseconds, Qt::UTC);
}

Result<QVector<Message>> activeBranch(const Database &database, ChatId chat)
{
    QVector<Message> branch;
    auto rows = database.bound(kBranch, chat);
    if (!rows)
        return fail(std::move(rows.error()));
    for (;;) {
        auto row = rows->step();
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            break;
        branch.append(readMessage(*rows));
    }
    for (Message &message : branch) {
        if (message.passagesRead > 0) {
            auto citations = citationsOf(database, message.id);
            if (!citations)
                return fail(std::move(citations.error()));
            message.citations = std::move(*citations);
        }
        if (message.state != MessageState::Streaming)
            continue;
        auto saved = savedAnswer(database, message.id);
        if (!saved)
            return fail(std::move(saved.error()));
        message.text = std::move(saved->text);
        message.reasoning = std::move(saved->reasoning);
        message.reasoningSeconds = saved->reasoningSeconds;
    }
    return branch;
}

Result<AnswerPiece> savedAnswer(const Database &database, MessageId message)
{
    auto rows = database.bound("SELECT text, reasoning, reasoning_seconds FROM answer_pieces"
                               " WHERE message_id = ?1 ORDER BY number",
                               message);
    if (!rows)
        return fail(std::move(rows.error()));
    AnswerPiece whole;
    for (;;) {
        auto row = rows->step();
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            return whole;
        whole.text += rows->text(0);
        whole.reasoning += rows->text(1);
        whole.reasoningSeconds = rows->real(2);
    }
}

} // namespace alcove::storage
