#include "app/chat/message_list_model.h"

#include "app/chat/reasoning_text.h"
#include "app/documents/places.h"

#include <QLocale>
#include <QQmlEngine>

#include <algorithm>

namespace alcove::chatui {

using chat::Message;
using chat::MessageId;
using chat::MessageState;

namespace {

MessageListModel::State shown(MessageState state)
{
    switch (state) {
    case MessageState::Complete:
        return MessageListModel::Complete;
    case MessageState::Streaming:
        return MessageListModel::Streaming;
    case MessageState::Stopped:
        return MessageListModel::Stopped;
    case MessageState::Interrupted:
        return MessageListModel::Interrupted;
    case MessageState::Failed:
        return MessageListModel::Failed;
    }
    return MessageListModel::Complete;
}

} // namespace

MessageListModel::MessageListModel(QObject *parent) : QAbstractListModel(parent) { }

MessageListModel::~MessageListModel() = default;

int MessageListModel::rowOf(qint64 id) const
{
    // What is asked for is nearly always near the end.
    for (int row = count() - 1; row >= 0; --row) {
        if (message(row).id == id)
            return row;
    }
    return -1;
}

void MessageListModel::setBranch(const QVector<Message> &branch)
{
    int common = 0;
    while (common < count() && common < branch.size() && message(common).id == branch[common].id)
        ++common;
    if (common == 0 && count() > 0 && !branch.isEmpty()) {
        beginResetModel();
        m_rows.clear();
        m_rows.reserve(size_t(branch.size()));
        for (const Message &one : branch)
            m_rows.push_back(Row{one});
        endResetModel();
        emit countChanged();
        return;
    }
    removeFrom(common);
    for (int row = 0; row < common; ++row)
        replace(row, branch[row]);
    insertAtEnd(branch.mid(common));
}

void MessageListModel::add(const Message &message)
{
    removeFrom(message.parent == chat::kNoId ? 0 : rowOf(message.parent) + 1);
    insertAtEnd({message});
}

void MessageListModel::removeFrom(int row)
{
    if (row >= count())
        return;
    beginRemoveRows({}, row, count() - 1);
    m_rows.erase(m_rows.begin() + row, m_rows.end());
    endRemoveRows();
    if (row > 0)
        emit dataChanged(index(row - 1), index(row - 1), {LastRole});
    emit countChanged();
}

void MessageListModel::insertAtEnd(const QVector<Message> &messages)
{
    if (messages.isEmpty())
        return;
    const int first = count();
    beginInsertRows({}, first, first + int(messages.size()) - 1);
    for (const Message &one : messages)
        m_rows.push_back(Row{one});
    endInsertRows();
    if (first > 0)
        emit dataChanged(index(first - 1), index(first - 1), {LastRole});
    emit countChanged();
}

void MessageListModel::replace(int at, const Message &message)
{
    Row &row = m_rows[size_t(at)];
    const bool sameText = row.message.text == message.text;
    const bool ended =
        row.message.state == MessageState::Streaming && message.state != MessageState::Streaming;
    row.message = message;
    if (message.state != MessageState::Streaming)
        row.promptProgress = -1;
    if (row.blocks && message.role == llm::Role::Assistant) {
        if (!sameText)
            row.blocks->setMarkdown(message.text);
        else if (ended)
            row.blocks->finish();
        markCitations(row);
    }
    emit dataChanged(index(at), index(at));
}

void MessageListModel::appendText(MessageId id, const QString &text)
{
    const int at = rowOf(id);
    if (at < 0)
        return;
    Row &row = m_rows[size_t(at)];
    QVector<int> roles = {TextRole};
    if (row.message.text.isEmpty() && !row.message.reasoning.isEmpty())
        roles += {ReasoningLabelRole, ReasoningTailRole, ReasoningOpenRole, ThinkingRole};
    row.message.text += text;
    if (row.promptProgress >= 0) {
        row.promptProgress = -1;
        roles.append(PromptProgressRole);
    }
    if (row.blocks)
        row.blocks->append(text);
    emit dataChanged(index(at), index(at), roles);
}

void MessageListModel::appendReasoning(MessageId id, const QString &text)
{
    const int at = rowOf(id);
    if (at < 0)
        return;
    Row &row = m_rows[size_t(at)];
    QVector<int> roles = {ReasoningRole, ReasoningTailRole};
    if (row.message.reasoning.isEmpty())
        roles += {ReasoningLabelRole, ReasoningOpenRole, ThinkingRole};
    if (row.promptProgress >= 0) {
        row.promptProgress = -1;
        roles.append(PromptProgressRole);
    }
    row.message.reasoning += text;
    emit dataChanged(index(at), index(at), roles);
}

void MessageListModel::endReasoning(MessageId id, double seconds)
{
    const int at = rowOf(id);
    if (at < 0)
        return;
    m_rows[size_t(at)].message.reasoningSeconds = seconds;
    emit dataChanged(index(at), index(at), {ReasoningLabelRole});
}

void MessageListModel::setReasoningOpen(qint64 message, bool open)
{
    const int at = rowOf(message);
    if (at < 0 || showsReasoning(m_rows[size_t(at)]) == open)
        return;
    m_rows[size_t(at)].reasoningOpen = open;
    emit dataChanged(index(at), index(at), {ReasoningOpenRole});
}

bool MessageListModel::thinking(const Row &row)
{
    return row.message.state == MessageState::Streaming && !row.message.reasoning.isEmpty()
        && row.message.text.isEmpty();
}

// Where no answer came, the reasoning is all there is to read.
bool MessageListModel::showsReasoning(const Row &row)
{
    const Message &message = row.message;
    return !message.reasoning.isEmpty()
        && row.reasoningOpen.value_or(message.text.isEmpty()
                                      && message.state != MessageState::Streaming);
}

void MessageListModel::setPromptProgress(MessageId id, double fraction)
{
    const int at = rowOf(id);
    if (at < 0)
        return;
    m_rows[size_t(at)].promptProgress = fraction;
    emit dataChanged(index(at), index(at), {PromptProgressRole});
}

void MessageListModel::finish(const Message &message)
{
    const int at = rowOf(message.id);
    if (at >= 0)
        replace(at, message);
}

BlockListModel *MessageListModel::blocksOf(const Row &row) const
{
    if (!row.blocks) {
        row.blocks = std::make_unique<BlockListModel>();
        QQmlEngine::setObjectOwnership(row.blocks.get(), QQmlEngine::CppOwnership);
        if (row.message.role != llm::Role::Assistant)
            row.blocks->setPlain(row.message.text);
        else if (row.message.state == MessageState::Streaming)
            row.blocks->append(row.message.text);
        else
            row.blocks->setMarkdown(row.message.text);
        markCitations(row);
    }
    return row.blocks.get();
}

void MessageListModel::markCitations(const Row &row)
{
    if (row.message.passagesRead == 0 || !row.blocks)
        return;
    QVector<int> numbers;
    for (const chat::MessageCitation &citation : row.message.citations)
        numbers << citation.number;
    row.blocks->setCitations(numbers);
}

QVariantList MessageListModel::citationsOf(const Message &message)
{
    QVariantList all;
    for (const chat::MessageCitation &citation : message.citations) {
        const auto kind = documents::PageKind(citation.pageKind);
        all.append(QVariantMap{
            {QStringLiteral("number"), citation.number},
            {QStringLiteral("source"), documentsui::sourceText(citation.path, kind, citation.page)},
            {QStringLiteral("path"), citation.path},
            {QStringLiteral("text"), citation.text},
            {QStringLiteral("begin"), citation.begin},
            {QStringLiteral("end"), citation.end},
            {QStringLiteral("hash"), citation.hash}});
    }
    return all;
}

QString MessageListModel::sourcesText(const Message &message) const
{
    if (message.passagesRead == 0)
        return {};
    return message.citations.isEmpty()
        ? tr("%n passage(s) of your documents were read; none of them supports this answer.",
             nullptr, int(message.passagesRead))
        : tr("%n passage(s) of your documents were read for this answer.", nullptr,
             int(message.passagesRead));
}

QString MessageListModel::infoText(const Message &message) const
{
    if (message.role != llm::Role::Assistant)
        return QLocale().toString(message.createdAt.toLocalTime(), QLocale::ShortFormat);
    QStringList parts;
    if (!message.modelName.isEmpty())
        parts.append(message.modelName);
    if (message.answerTokens > 0)
        parts.append(tr("%n token(s)", nullptr, int(message.answerTokens)));
    if (message.answerTokens > 1 && message.decodeSeconds > 0)
        parts.append(
            tr("%1 tokens/s")
                .arg(QLocale().toString(message.answerTokens / message.decodeSeconds, 'f', 1)));
    if (message.createdAt.isValid())
        parts.append(QLocale().toString(message.createdAt.toLocalTime(), QLocale::ShortFormat));
    return parts.join(QStringLiteral(" · "));
}

int MessageListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : count();
}

QVariant MessageListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row &row = m_rows[size_t(index.row())];
    const Message &message = row.message;
    switch (role) {
    case MessageIdRole:
        return message.id;
    case FromUserRole:
        return message.role != llm::Role::Assistant;
    case Qt::DisplayRole:
    case TextRole:
        return message.text;
    case BlocksRole:
        return QVariant::fromValue(blocksOf(row));
    case StateRole:
        return shown(message.state);
    case ErrorTextRole:
        return message.errorText;
    case InfoTextRole:
        return infoText(message);
    case SiblingIndexRole:
        return message.siblingIndex;
    case SiblingCountRole:
        return message.siblingCount;
    case DroppedTextRole:
        return message.droppedMessages == 0
            ? QString()
            : tr("The %n oldest message(s) no longer fit and were not read for this answer.",
                 nullptr, int(message.droppedMessages));
    case PromptProgressRole:
        return row.promptProgress;
    case LastRole:
        return index.row() == count() - 1;
    case ReasoningRole:
        return message.reasoning;
    case ReasoningLabelRole:
        return thinking(row) ? tr("Thinking…") : ReasoningText::duration(message.reasoningSeconds);
    case ReasoningTailRole:
        return thinking(row) ? ReasoningText::newestSentence(message.reasoning) : QString();
    case ReasoningOpenRole:
        return showsReasoning(row);
    case CitationsRole:
        return citationsOf(message);
    case SourcesTextRole:
        return sourcesText(message);
    case ThinkingRole:
        return thinking(row);
    default:
        return {};
    }
}

QHash<int, QByteArray> MessageListModel::roleNames() const
{
    return {{MessageIdRole, "messageId"},
            {FromUserRole, "fromUser"},
            {TextRole, "text"},
            {BlocksRole, "blocks"},
            {StateRole, "messageState"},
            {ErrorTextRole, "errorText"},
            {InfoTextRole, "infoText"},
            {SiblingIndexRole, "siblingIndex"},
            {SiblingCountRole, "siblingCount"},
            {DroppedTextRole, "droppedText"},
            {PromptProgressRole, "promptProgress"},
            {LastRole, "last"},
            {ReasoningRole, "reasoning"},
            {ReasoningLabelRole, "reasoningLabel"},
            {ReasoningTailRole, "reasoningTail"},
            {ReasoningOpenRole, "reasoningOpen"},
            {CitationsRole, "citations"},
            {SourcesTextRole, "sourcesText"},
            {ThinkingRole, "thinking"}};
}

} // namespace alcove::chatui
