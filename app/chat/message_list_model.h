// MessageListModel: the messages of the open branch of a conversation, oldest first.
//
// GUI thread. Blocks are made when a view first asks for them, so a conversation of thousands of
// messages costs what is looked at. They belong to the model and live as long as their row.
#pragma once

#include "app/chat/block_list_model.h"
#include "core/chat/chat_types.h"

#include <QAbstractListModel>
#include <QVariantList>
#include <QVector>
#include <QtQml/qqmlregistration.h>

#include <memory>
#include <optional>
#include <vector>

namespace alcove::chatui {

class MessageListModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("A part of ChatViewModel.")
    Q_PROPERTY(int count READ count NOTIFY countChanged FINAL)
public:
    enum Role {
        MessageIdRole = Qt::UserRole + 1, // qint64
        FromUserRole, // bool: else the model's
        TextRole, // QString: as stored (Markdown in answers), without the reasoning
        BlocksRole, // BlockListModel*: owned by this model
        StateRole, // State
        ErrorTextRole, // QString: Failed: one sentence
        InfoTextRole, // QString: model, speed, time; for a tooltip
        SiblingIndexRole, // int: from 0
        SiblingCountRole, // int: versions of this message
        DroppedTextRole, // QString: which messages no longer fit; may be empty
        PromptProgressRole, // double: 0 to 1 while the prompt is read, else -1
        LastRole, // bool: the newest of the branch
        ReasoningRole, // QString: plain text; may be empty
        ReasoningLabelRole, // QString: "Thinking…", "Thought for 12 s"
        ReasoningTailRole, // QString: while it thinks, the sentence being written
        ReasoningOpenRole, // bool: it is shown in full
        CitationsRole, // list of {number, source, path, text, begin, end, hash}; may be empty
        SourcesTextRole, // QString: how many passages were read for the answer; may be empty
        ThinkingRole, // bool: it reasons and has not begun to answer
    };
    Q_ENUM(Role)

    enum State { Complete, Streaming, Stopped, Interrupted, Failed };
    Q_ENUM(State)

    explicit MessageListModel(QObject *parent = nullptr);
    ~MessageListModel() override;

    int count() const { return int(m_rows.size()); }
    const chat::Message &message(int row) const { return m_rows[size_t(row)].message; }
    Q_INVOKABLE int rowOf(qint64 message) const; // -1: not in the branch

    void setBranch(const QVector<chat::Message> &branch); // rows that are in both stay
    void add(const chat::Message &message); // below its parent; what was there goes
    void appendText(chat::MessageId id, const QString &text);
    void appendReasoning(chat::MessageId id, const QString &text);
    void endReasoning(chat::MessageId id, double seconds);
    Q_INVOKABLE void setReasoningOpen(qint64 message, bool open); // until the chat is left
    void setPromptProgress(chat::MessageId id, double fraction);
    void finish(const chat::Message &message);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void countChanged();

private:
    struct Row {
        chat::Message message;
        double promptProgress = -1;
        std::optional<bool> reasoningOpen = std::nullopt; // the user's choice
        mutable std::unique_ptr<BlockListModel> blocks = nullptr;
    };
    static bool thinking(const Row &row);
    static bool showsReasoning(const Row &row);
    void replace(int row, const chat::Message &message);
    void removeFrom(int row);
    void insertAtEnd(const QVector<chat::Message> &messages);
    BlockListModel *blocksOf(const Row &row) const;
    static void markCitations(const Row &row);
    static QVariantList citationsOf(const chat::Message &message);
    QString sourcesText(const chat::Message &message) const;
    QString infoText(const chat::Message &message) const;

    std::vector<Row> m_rows;
};

} // namespace alcove::chatui
