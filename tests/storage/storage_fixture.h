// An opened store in a folder of its own, and results that fail the test with their sentence.
#pragma once

#include "core/storage/store.h"

#include <QTemporaryDir>
#include <QTest>

namespace alcove::test {

template <typename T>
bool good(const Result<T> &result)
{
    if (!result)
        qWarning("%s (%s)", result.error().message.c_str(), result.error().detail.c_str());
    return result.has_value();
}

struct StoreFixture {
    QTemporaryDir folder;
    QString path = folder.filePath(QStringLiteral("alcove.sqlite3"));
    std::unique_ptr<storage::Store> store;

    StoreFixture() { open(); }
    void open()
    {
        store.reset();
        auto opened = storage::Store::open(path);
        if (good(opened))
            store = std::move(*opened);
    }
    storage::ChatStore &chats() { return store->chats(); }
    storage::Database &database() { return store->database(); }

    static QDateTime time(int minute)
    {
        return QDateTime(QDate(2026, 5, 4), QTime(12, 0), Qt::UTC).addSecs(qint64(minute) * 60);
    }
    static storage::ChatStore::AnswerDraft draft(int minute = 0)
    {
        return {QStringLiteral("Tester"), time(minute)};
    }

    // A prompt with its finished answer; the chat's branch.
    storage::Conversation turn(storage::ChatId chat, const QString &prompt, const QString &answer,
                               int minute = 0, const QString &title = {})
    {
        auto added =
            chats().addPrompt(chat, title.isNull() ? prompt : title, prompt, draft(minute));
        if (!good(added))
            return {};
        return finish(*added, answer);
    }
    storage::Conversation finish(storage::Conversation conversation, const QString &answer)
    {
        storage::Message &message = conversation.branch.last();
        message.text = answer;
        message.state = storage::MessageState::Complete;
        return good(chats().finishAnswer(message)) ? conversation : storage::Conversation();
    }
};

inline QStringList texts(const QVector<storage::Message> &branch)
{
    QStringList all;
    for (const storage::Message &message : branch)
        all.append(message.text);
    return all;
}

inline QStringList titles(const QVector<storage::ChatSummary> &chats)
{
    QStringList all;
    for (const storage::ChatSummary &chat : chats)
        all.append(chat.title);
    return all;
}

} // namespace alcove::test
