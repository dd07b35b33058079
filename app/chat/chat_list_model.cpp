#include "app/chat/chat_list_model.h"

#include <algorithm>

namespace alcove::chatui {

using chat::ChatId;
using chat::ChatService;
using chat::ChatSummary;

namespace {

constexpr int kSearchPauseMs = 150;

bool goesBefore(const ChatSummary &a, const ChatSummary &b)
{
    if (a.pinned != b.pinned)
        return a.pinned;
    if (a.updatedAt != b.updatedAt)
        return a.updatedAt > b.updatedAt;
    return a.id > b.id;
}

int rowOf(const QVector<ChatSummary> &chats, ChatId id)
{
    const auto found = std::find_if(chats.begin(), chats.end(),
                                    [id](const ChatSummary &chat) { return chat.id == id; });
    return found == chats.end() ? -1 : int(found - chats.begin());
}

} // namespace

ChatListModel::ChatListModel(ChatService &service, QObject *parent)
    : QAbstractListModel(parent), m_service(service)
{
    connect(&m_service, &ChatService::chatsListed, this, &ChatListModel::setAll);
    connect(&m_service, &ChatService::chatChanged, this, &ChatListModel::update);
    connect(&m_service, &ChatService::chatDeleted, this, &ChatListModel::remove);
    connect(&m_service, &ChatService::searchFinished, this,
            [this](const QString &words, const QVector<ChatSummary> &chats) {
                if (words == m_query.trimmed() && !words.isEmpty())
                    show(chats);
            });
    m_searchTimer.setSingleShot(true);
    m_searchTimer.setInterval(kSearchPauseMs);
    connect(&m_searchTimer, &QTimer::timeout, this,
            [this] { m_service.searchChats(m_query.trimmed()); });
    m_midnight.setSingleShot(true);
    connect(&m_midnight, &QTimer::timeout, this, [this] {
        if (!m_shown.isEmpty())
            emit dataChanged(index(0), index(count() - 1), {SectionRole, HeadingRole});
        waitForMidnight();
    });
    waitForMidnight();
}

void ChatListModel::waitForMidnight()
{
    const QDateTime now = QDateTime::currentDateTime();
    const QDateTime tomorrow = now.date().addDays(1).startOfDay();
    m_midnight.start(
        std::chrono::milliseconds(std::max<qint64>(1000, now.msecsTo(tomorrow) + 500)));
}

void ChatListModel::setQuery(const QString &query)
{
    if (query == m_query)
        return;
    m_query = query;
    emit queryChanged();
    if (m_query.trimmed().isEmpty()) {
        m_searchTimer.stop();
        show(m_all);
    } else {
        m_searchTimer.start();
    }
}

void ChatListModel::setAll(QVector<ChatSummary> chats)
{
    std::sort(chats.begin(), chats.end(), goesBefore);
    m_all = std::move(chats);
    if (m_query.trimmed().isEmpty())
        show(m_all);
}

void ChatListModel::put(QVector<ChatSummary> &list, const ChatSummary &chat)
{
    const int row = rowOf(list, chat.id);
    if (row >= 0)
        list.removeAt(row);
    list.insert(std::lower_bound(list.begin(), list.end(), chat, goesBefore), chat);
}

void ChatListModel::update(const ChatSummary &chat)
{
    put(m_all, chat);
    if (m_query.trimmed().isEmpty()) {
        show(m_all);
        return;
    }
    const int row = rowOf(m_shown, chat.id);
    if (row < 0)
        return;
    m_shown[row] = chat;
    emit dataChanged(index(row), index(row));
}

void ChatListModel::remove(ChatId id)
{
    const int known = rowOf(m_all, id);
    if (known >= 0)
        m_all.removeAt(known);
    const int row = rowOf(m_shown, id);
    if (row < 0)
        return;
    beginRemoveRows({}, row, row);
    m_shown.removeAt(row);
    endRemoveRows();
    if (row < count())
        emit dataChanged(index(row), index(row), {HeadingRole});
    emit countChanged();
}

// One chat moves, comes or changes at a time, as a rule; anything else is shown anew.
void ChatListModel::show(const QVector<ChatSummary> &chats)
{
    const int before = count();
    int first = 0;
    while (first < before && first < chats.size() && m_shown[first].id == chats[first].id)
        ++first;
    int tail = 0;
    while (tail < before - first && tail < chats.size() - first
           && m_shown[before - 1 - tail].id == chats[chats.size() - 1 - tail].id)
        ++tail;
    const int oldMiddle = before - first - tail;
    const int newMiddle = int(chats.size()) - first - tail;
    if (oldMiddle == newMiddle && oldMiddle > 1
        && m_shown[before - 1 - tail].id == chats[first].id) {
        beginMoveRows({}, before - 1 - tail, before - 1 - tail, {}, first);
        m_shown.move(before - 1 - tail, first);
        endMoveRows();
    } else {
        if (oldMiddle > 0) {
            beginRemoveRows({}, first, first + oldMiddle - 1);
            m_shown.remove(first, oldMiddle);
            endRemoveRows();
        }
        if (newMiddle > 0) {
            beginInsertRows({}, first, first + newMiddle - 1);
            for (int i = 0; i < newMiddle; ++i)
                m_shown.insert(first + i, chats[first + i]);
            endInsertRows();
        }
    }
    // A move may still differ in the middle (two chats changed places); show those rows anew.
    for (int row = 0; row < count(); ++row) {
        if (m_shown[row].id != chats[row].id) {
            beginResetModel();
            m_shown = chats;
            endResetModel();
            emit countChanged();
            return;
        }
    }
    m_shown = chats;
    if (!m_shown.isEmpty())
        emit dataChanged(index(0), index(count() - 1),
                         {TitleRole, PinnedRole, SectionRole, HeadingRole});
    if (count() != before)
        emit countChanged();
}

QString ChatListModel::titleOf(ChatId id) const
{
    const int row = rowOf(m_all, id);
    return row < 0 ? QString() : m_all[row].title;
}

QString ChatListModel::shownTitle(const QString &title)
{
    return title.isEmpty() ? tr("New chat") : title;
}

QString ChatListModel::sectionOf(const ChatSummary &chat, const QDate &today)
{
    if (chat.pinned)
        return tr("Pinned");
    const qint64 days = chat.updatedAt.toLocalTime().date().daysTo(today);
    if (days <= 0)
        return tr("Today");
    if (days == 1)
        return tr("Yesterday");
    return days <= 7 ? tr("Last 7 days") : tr("Older");
}

QString ChatListModel::section(int row) const
{
    return m_query.trimmed().isEmpty() ? sectionOf(m_shown[row], QDate::currentDate())
                                       : tr("Found");
}

int ChatListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : count();
}

QVariant ChatListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ChatSummary &chat = m_shown[index.row()];
    switch (role) {
    case ChatIdRole:
        return chat.id;
    case Qt::DisplayRole:
    case TitleRole:
        return shownTitle(chat.title);
    case PinnedRole:
        return chat.pinned;
    case SectionRole:
        return section(index.row());
    case HeadingRole:
        return index.row() == 0 || section(index.row()) != section(index.row() - 1)
            ? section(index.row())
            : QString();
    default:
        return {};
    }
}

QHash<int, QByteArray> ChatListModel::roleNames() const
{
    return {{ChatIdRole, "chatId"},
            {TitleRole, "title"},
            {PinnedRole, "pinned"},
            {SectionRole, "section"},
            {HeadingRole, "heading"}};
}

} // namespace alcove::chatui
