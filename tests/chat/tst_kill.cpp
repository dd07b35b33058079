// A crash at any moment of a streaming answer: kills a program that chats, again and again on the
// same databases, and looks at what is left. The kill is SIGKILL; elsewhere than on POSIX it is
// skipped.
#include "core/chat/chat_service.h"
#include "core/storage/storage_thread.h"
#include "paced_engine.h"

#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

using namespace alcove;
using namespace alcove::chat;
using alcove::storage::Database;
using alcove::storage::StorageThread;

namespace {

constexpr int kSlots = 4; // databases, each with one victim at a time
constexpr int kKills = 100; // that cut an answer off in the middle
constexpr int kEarlyEach = 6; // one of so many hits the start, and the repair of the last kill
constexpr int kMostKills = 400; // a kill between two answers does not count
constexpr qint64 kMayLoseNs = 1'000'000'000;
constexpr int kPatience = 60'000; // ms

qint64 monotonicNs()
{
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

struct Piece {
    enum class Part { Reasoning, Text } part;
    qint64 time;
    QString text;
};

struct Answer {
    MessageId id = kNoId;
    QVector<Piece> pieces;
    bool finished = false;

    QString text(Piece::Part part) const
    {
        QString all;
        for (const Piece &piece : pieces)
            all += piece.part == part ? piece.text : QString();
        return all;
    }
};

// One database and the victim that runs on it now.
class Slot : public QObject
{
public:
    enum class Aim { Streaming, Start };

    explicit Slot(int number) : m_number(number)
    {
        m_timer.setSingleShot(true);
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, &Slot::kill);
        connect(&m_process, &QProcess::readyReadStandardOutput, this, &Slot::read);
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    }
    ~Slot() override { end(); }

    void end()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

    QString database() const { return m_folder.filePath(QStringLiteral("alcove.sqlite3")); }
    bool running() const { return m_process.state() != QProcess::NotRunning; }
    bool killed() const { return m_killTime > 0; }
    qint64 killTime() const { return m_killTime; }
    const Answer &answer() const { return m_answer; }
    const QStringList &prompts() const { return m_prompts; } // of all runs

    void start(Aim aim, int delay)
    {
        m_aim = aim;
        m_delay = delay;
        m_answer = {};
        m_pending.clear();
        m_killTime = 0;
        m_process.start(QStringLiteral(ALCOVE_VICTIM),
                        {database(),
                         QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf"),
                         QStringLiteral("slot %1 run %2").arg(m_number).arg(m_run++)});
        if (aim == Aim::Start)
            m_timer.start(delay);
    }

private:
    void kill()
    {
        m_killTime = monotonicNs();
        m_process.kill();
    }
    void read()
    {
        m_pending += m_process.readAllStandardOutput();
        for (qsizetype end; (end = m_pending.indexOf('\n')) >= 0;) {
            const QList<QByteArray> line = m_pending.left(end).split(' ');
            m_pending.remove(0, end + 1);
            const auto text = [&line] {
                return QString::fromUtf8(QByteArray::fromHex(line.last()));
            };
            if (line.first() == "P") {
                m_prompts.append(text());
                m_answer = {};
            } else if (line.first() == "T" || line.first() == "R") {
                m_answer.id = line.at(1).toLongLong();
                const auto part = line.first() == "T" ? Piece::Part::Text : Piece::Part::Reasoning;
                m_answer.pieces.append({part, line.at(2).toLongLong(), text()});
                if (m_aim == Aim::Streaming && !m_timer.isActive() && !killed())
                    m_timer.start(m_delay);
            } else if (line.first() == "F") {
                m_answer.finished = true;
            }
        }
    }

    int m_number;
    int m_run = 0;
    QTemporaryDir m_folder;
    QProcess m_process;
    QTimer m_timer;
    QByteArray m_pending;
    Aim m_aim = Aim::Streaming;
    int m_delay = 0;
    qint64 m_killTime = 0;
    Answer m_answer;
    QStringList m_prompts;
};

} // namespace

class TestKill : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatWasShown()
    {
#ifdef _WIN32
        QSKIP("SIGKILL is POSIX; TerminateProcess would need its own victim protocol.");
#else
        std::mt19937 random(20260504); // the same moments each time, as far as the machine allows
        std::uniform_int_distribution<int> whileStreaming(0, 1800);
        std::uniform_int_distribution<int> whileStarting(0, 60);
        std::vector<std::unique_ptr<Slot>> places;
        for (int i = 0; i < kSlots; ++i)
            places.push_back(std::make_unique<Slot>(i));
        int started = 0;
        const auto startNext = [&](Slot &slot) {
            const bool early = started % kEarlyEach == kEarlyEach - 1;
            slot.start(early ? Slot::Aim::Start : Slot::Aim::Streaming,
                       early ? whileStarting(random) : whileStreaming(random));
            ++started;
        };
        for (auto &slot : places)
            startNext(*slot);
        int checked = 0;
        while (m_interrupted < kKills && checked < kMostKills) {
            const bool changed = QTest::qWaitFor(
                [&] {
                    return std::any_of(places.begin(), places.end(),
                                       [](auto &slot) { return !slot->running(); });
                },
                kPatience);
            QVERIFY2(changed, "no victim ended for a long time");
            for (auto &slot : places) {
                if (slot->running())
                    continue;
                QVERIFY2(slot->killed(), "the victim ended by itself");
                check(*slot);
                if (QTest::currentTestFailed())
                    return;
                ++checked;
                startNext(*slot);
            }
        }
        qInfo(
            "%d kills: %d answers were cut off in the middle, %d of them while the model reasoned; "
            "at most %lld ms of one were lost, %lld ms on average; up to %lld prompts a database",
            checked, m_interrupted, m_reasoning, m_worstLoss / 1'000'000,
            m_interrupted ? m_sumOfLosses / m_interrupted / 1'000'000 : 0, m_prompts);
        QVERIFY(m_interrupted >= kKills);
        QVERIFY(m_reasoning > 0);
        for (auto &slot : places) {
            slot->end();
            auto database = Database::open(slot->database(), Database::Mode::ReadWrite);
            QVERIFY(database.has_value());
            QVERIFY(database->execute(
                "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)"));
        }
#endif
    }

private:
    void check(const Slot &slot)
    {
        const QString path = slot.database();
        if (!QFile::exists(path)) {
            QVERIFY(slot.prompts().isEmpty()); // killed before anything was said
            return;
        }
        { // What is on the disk, before the app sees it again.
            auto database = Database::open(path, Database::Mode::ReadWrite);
            QVERIFY(database.has_value());
            auto integrity = database->prepare("PRAGMA integrity_check");
            QVERIFY(integrity.has_value());
            QVERIFY(integrity->step().value_or(false));
            QCOMPARE(integrity->text(0), QStringLiteral("ok"));
        }
        auto storage = StorageThread::open(path);
        QVERIFY2(storage.has_value(), storage ? "" : storage.error().message.c_str());
        QCOMPARE((*storage)->notice(), QString());
        test::PacedEngine engine;
        ChatService service(**storage, engine);
        QSignalSpy failed(&service, &ChatService::failed);

        QStringList stored;
        qint64 chat = kNoId;
        (*storage)->runBlocking([&](storage::Store &store) {
            auto rows = store.database().prepare(
                "SELECT text FROM messages WHERE role = 'user' ORDER BY id");
            while (rows && rows->step().value_or(false))
                stored.append(rows->text(0));
            chat = store.database()
                       .number("SELECT chat_id FROM messages WHERE id = ?1", slot.answer().id)
                       .value_or(kNoId);
        });
        // The last prompts may be there without having been reported.
        for (const QString &prompt : slot.prompts())
            QVERIFY2(stored.contains(prompt), qPrintable(prompt));
        m_prompts = std::max<qint64>(m_prompts, stored.size());

        if (slot.answer().pieces.isEmpty())
            return;
        QSignalSpy opened(&service, &ChatService::chatOpened);
        service.openChat(chat);
        QVERIFY(opened.count() > 0 || opened.wait(kPatience));
        QCOMPARE(failed.count(), 0);
        const auto conversation = opened.at(0).at(0).value<Conversation>();
        const auto found =
            std::find_if(conversation.branch.begin(), conversation.branch.end(),
                         [&](const Message &message) { return message.id == slot.answer().id; });
        QVERIFY(found != conversation.branch.end());
        const QString shown = slot.answer().text(Piece::Part::Text);
        const QString thought = slot.answer().text(Piece::Part::Reasoning);
        if (slot.answer().finished) {
            QCOMPARE(found->state, MessageState::Complete);
            QCOMPARE(found->text, shown);
            QCOMPARE(found->reasoning, thought);
            return;
        }
        // Saved but not yet reported is fine: text is saved and shown at the same time.
        QVERIFY(found->text.startsWith(shown) || shown.startsWith(found->text));
        QVERIFY(found->reasoning.startsWith(thought) || thought.startsWith(found->reasoning));
        if (found->state == MessageState::Complete) { // ended just before the kill
            QVERIFY(found->text.startsWith(shown));
            QVERIFY(found->reasoning.startsWith(thought));
            return;
        }
        QCOMPARE(found->state, MessageState::Interrupted);
        QCOMPARE(found->reasoningSeconds > 0, !found->reasoning.isEmpty());
        QVERIFY(found->text.isEmpty() || !found->reasoning.isEmpty());
        ++m_interrupted;
        m_reasoning += shown.isEmpty() ? 1 : 0;
        qsizetype text = 0;
        qsizetype reasoning = 0;
        for (const Piece &piece : slot.answer().pieces) {
            const bool isText = piece.part == Piece::Part::Text;
            (isText ? text : reasoning) += piece.text.size();
            if (isText ? text <= found->text.size() : reasoning <= found->reasoning.size())
                continue;
            const qint64 age = slot.killTime() - piece.time;
            m_worstLoss = std::max(m_worstLoss, age);
            m_sumOfLosses += age;
            QVERIFY2(age <= kMayLoseNs,
                     qPrintable(QStringLiteral("text shown %1 ms before the kill is missing")
                                    .arg(age / 1'000'000)));
            break; // the others are younger
        }
    }

    int m_interrupted = 0;
    int m_reasoning = 0; // of these, before the answer
    qint64 m_worstLoss = 0;
    qint64 m_sumOfLosses = 0;
    qint64 m_prompts = 0;
};

QTEST_GUILESS_MAIN(TestKill)
#include "tst_kill.moc"
