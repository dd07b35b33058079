#include "core/chat/answer_writer.h"

#include "core/storage/storage_thread.h"

#include <utility>

namespace alcove::chat {

using storage::Store;

namespace {

// A crash may cost the last second: this leaves 0.7 s for a slow disk and a busy machine.
constexpr int kSaveIntervalMs = 300;
constexpr int kRetryIntervalMs = 5000;

// How much of a text can be saved: not half of a surrogate pair, whose other half is to come.
qsizetype wholeCharacters(const QString &text)
{
    const qsizetype size = text.size();
    return size > 0 && text.at(size - 1).isHighSurrogate() ? size - 1 : size;
}

} // namespace

AnswerWriter::AnswerWriter(storage::StorageThread &storage) : m_storage(storage)
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(kSaveIntervalMs);
    connect(&m_timer, &QTimer::timeout, this, &AnswerWriter::savePiece);
    m_retryTimer.setSingleShot(true);
    m_retryTimer.setInterval(kRetryIntervalMs);
    connect(&m_retryTimer, &QTimer::timeout, this, &AnswerWriter::saveUnsaved);
}

void AnswerWriter::begin(const Message &answer)
{
    m_state = State::Growing;
    m_message = answer;
    m_reasoning.invalidate();
    m_given = 0;
    m_reasoningGiven = 0;
    m_piece = 0;
    m_save = Save::None;
    m_report = Report::Due;
}

void AnswerWriter::appendReasoning(const QString &text)
{
    if (m_message.reasoning.isEmpty() && m_message.text.isEmpty())
        m_reasoning.start();
    m_message.reasoning += text;
    scheduleSave();
}

AnswerWriter::ReasoningEnd AnswerWriter::append(const QString &text)
{
    m_message.text += text;
    scheduleSave();
    return endReasoning();
}

AnswerWriter::ReasoningEnd AnswerWriter::endReasoning()
{
    if (!m_reasoning.isValid())
        return ReasoningEnd::No;
    m_message.reasoningSeconds = reasoningSeconds();
    m_reasoning.invalidate();
    return ReasoningEnd::Now;
}

double AnswerWriter::reasoningSeconds() const
{
    return m_reasoning.isValid() ? double(m_reasoning.nsecsElapsed()) / 1e9
                                 : m_message.reasoningSeconds;
}

void AnswerWriter::scheduleSave()
{
    const bool grown =
        m_given < m_message.text.size() || m_reasoningGiven < m_message.reasoning.size();
    if (grown && m_state == State::Growing && m_save == Save::None && !m_timer.isActive())
        m_timer.start();
}

void AnswerWriter::savePiece()
{
    if (m_state != State::Growing || m_save == Save::Running)
        return;
    const qsizetype end = wholeCharacters(m_message.text);
    const qsizetype reasoningEnd = wholeCharacters(m_message.reasoning);
    if (end <= m_given && reasoningEnd <= m_reasoningGiven)
        return;
    storage::AnswerPiece piece;
    piece.text = m_message.text.mid(m_given, end - m_given);
    piece.reasoning = m_message.reasoning.mid(m_reasoningGiven, reasoningEnd - m_reasoningGiven);
    piece.reasoningSeconds = reasoningSeconds();
    const MessageId id = m_message.id;
    m_save = Save::Running;
    m_storage.run(
        this,
        [id, number = m_piece, piece](Store &store) {
            return store.chats().appendPiece(id, number, piece);
        },
        [this, id, end, reasoningEnd](Result<> saved) {
            if (m_state == State::None || m_message.id != id)
                return;
            m_save = Save::None;
            if (saved) {
                m_given = end;
                m_reasoningGiven = reasoningEnd;
                ++m_piece;
            } else {
                report(std::move(saved.error()));
            }
            scheduleSave(); // after a failure: the same text again, and what has come since
        });
}

void AnswerWriter::report(Error error)
{
    if (std::exchange(m_report, Report::Done) == Report::Done)
        return;
    error.message =
        "The answer stays on screen, but it is not saved yet; this is tried again until "
        "Alcove is closed. "
        + error.message;
    emit saveFailed(error);
}

void AnswerWriter::setChecked(const QString &text, const QVector<MessageCitation> &citations,
                              quint32 passagesRead)
{
    m_message.text = text;
    m_message.citations = citations;
    m_message.passagesRead = passagesRead;
}

void AnswerWriter::finish(MessageState state, const engine::GenerationResult &result,
                          const QString &errorText, Done done)
{
    m_timer.stop();
    endReasoning(); // without an answer
    m_state = State::Finishing;
    m_message.state = state;
    m_message.errorText = errorText;
    m_message.promptTokens = result.promptTokens;
    m_message.answerTokens = result.answerTokens;
    m_message.droppedMessages = result.droppedMessages;
    m_message.prefillSeconds = result.prefillSeconds;
    m_message.decodeSeconds = result.decodeSeconds;
    m_storage.run(
        this, [message = m_message](Store &store) { return store.chats().finishAnswer(message); },
        [this, done = std::move(done)](Result<> saved) {
            const Message message = m_message;
            m_state = State::None;
            if (!saved) {
                m_unsaved.append(message);
                m_retryTimer.start();
                report(std::move(saved.error()));
            }
            done(message);
        });
}

void AnswerWriter::saveUnsaved()
{
    for (const Message &message : std::as_const(m_unsaved)) {
        m_storage.run(
            this, [message](Store &store) { return store.chats().finishAnswer(message); },
            [this, id = message.id](Result<> saved) {
                // A message that was purged meanwhile needs no saving any more.
                if (saved || saved.error().code == ErrorCode::NotFound)
                    m_unsaved.removeIf([id](const Message &one) { return one.id == id; });
                else if (!m_retryTimer.isActive())
                    m_retryTimer.start();
            });
    }
}

void AnswerWriter::interrupt()
{
    if (m_state == State::Growing) {
        endReasoning();
        m_message.state = MessageState::Interrupted;
    }
    if (m_state != State::None)
        m_unsaved.append(m_message); // one being finished is written once more: harmless
    m_state = State::None;
    m_timer.stop();
    saveUnsaved();
}

void AnswerWriter::amend(QVector<Message> &messages) const
{
    const auto amendOne = [](Message &stored, const Message &known) {
        if (stored.id != known.id)
            return;
        const int index = stored.siblingIndex;
        const int count = stored.siblingCount;
        stored = known;
        stored.siblingIndex = index;
        stored.siblingCount = count;
    };
    for (Message &stored : messages) {
        if (m_state != State::None)
            amendOne(stored, m_message);
        for (const Message &known : m_unsaved)
            amendOne(stored, known);
    }
}

} // namespace alcove::chat
