// ChatListModel: the conversations of the sidebar, pinned first, then newest first, or those that
// match a search. GUI thread; over ChatService, which outlives it.
#pragma once

#include "core/chat/chat_service.h"

#include <QAbstractListModel>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

namespace alcove::chatui {

class ChatListModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
    Q_PROPERTY(QString query READ query WRITE setQuery NOTIFY queryChanged FINAL)
public:
    enum Role {
        ChatIdRole = Qt::UserRole + 1, // qint64
        TitleRole, // QString: never empty
        PinnedRole, // bool
        SectionRole, // QString: Pinned, Today, Yesterday, Last 7 days, Older, Found
        HeadingRole, // QString: the section's name on its first row, else empty
    };
    Q_ENUM(Role)

    explicit ChatListModel(chat::ChatService &service, QObject *parent = nullptr);

    int count() const { return int(m_shown.size()); }
    QString query() const { return m_query; }
    void setQuery(const QString &query); // searched for when typing pauses

    QString titleOf(chat::ChatId id) const; // empty: not known or not named
    static QString shownTitle(const QString &title);
    static QString sectionOf(const chat::ChatSummary &chat, const QDate &today);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void countChanged();
    void queryChanged();

private:
    void setAll(QVector<chat::ChatSummary> chats);
    void update(const chat::ChatSummary &chat);
    void remove(chat::ChatId id);
    void show(const QVector<chat::ChatSummary> &chats);
    void put(QVector<chat::ChatSummary> &list, const chat::ChatSummary &chat);
    void waitForMidnight();
    QString section(int row) const;

    chat::ChatService &m_service;
    QVector<chat::ChatSummary> m_all;
    QVector<chat::ChatSummary> m_shown;
    QString m_query;
    QTimer m_searchTimer;
    QTimer m_midnight; // the sections change with the day
};

} // namespace alcove::chatui
