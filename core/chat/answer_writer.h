// AnswerWriter: brings a growing answer to the disk, every 0.3 s while it grows and wholly at its
// end.
//
// Owned by ChatService, GUI thread; saving itself happens on the storage thread. Only what is new
// is written each time. A save that fails (a full disk) loses nothing of the answer in memory: it
// is reported once, and tried again for as long as the app runs.
#pragma once

#include "core/chat/chat_types.h"
#include "core/engine/chat_engine.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <functional>

namespace alcove::storage {
class StorageThread;
}

namespace alcove::chat {

class AnswerWriter : public QObject
{
    Q_OBJECT
public:
    explicit AnswerWriter(storage::StorageThread &storage);

    // The answer of which text will come; it is stored as Streaming.
    void begin(const Message &answer);
    const Message &message() const { return m_message; }
    void appendReasoning(const QString &text);
    // Whether this text begins the answer, and so ends the reasoning before it: its seconds are in
    // message() then.
    enum class ReasoningEnd { No, Now };
    ReasoningEnd append(const QString &text);

    // What the answer was checked to be, in the place of its text so far; before finish().
    void setChecked(const QString &text, const QVector<MessageCitation> &citations,
                    quint32 passagesRead);

    using Done = std::function<void(const Message &message)>;
    // Ends the answer; `done` is called when it is stored, or could not be.
    void finish(MessageState state, const engine::GenerationResult &result,
                const QString &errorText, Done done);
    // The app goes away: what is in memory is given to the storage thread.
    void interrupt();

    // Gives messages read from the disk the text that is not there yet.
    void amend(QVector<Message> &messages) const;

signals:
    void saveFailed(const alcove::Error &error);

private:
    ReasoningEnd endReasoning();
    double reasoningSeconds() const; // up to now, or to its end
    void savePiece();
    void scheduleSave();
    void saveUnsaved();
    void report(Error error);

    storage::StorageThread &m_storage;
    QTimer m_timer;
    QTimer m_retryTimer;

    enum class State { None, Growing, Finishing };
    State m_state = State::None;
    Message m_message;
    QElapsedTimer m_reasoning; // valid from the first reasoning to the first text
    qsizetype m_given = 0; // code units of its text that were given to the storage thread
    qsizetype m_reasoningGiven = 0; // the same of its reasoning
    qint64 m_piece = 0; // number of the next piece
    enum class Save { None, Running };
    Save m_save = Save::None;
    enum class Report { Due, Done };
    Report m_report = Report::Due;

    QVector<Message> m_unsaved; // ended answers whose last save failed
};

} // namespace alcove::chat
