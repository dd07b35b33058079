// Old turns leave the context: what stays is moved in the KV cache instead of being read again, the
// system prompt is kept, and an answer goes on where the context would have ended.
#include "session_support.h"

#include <algorithm>

using namespace alcove;
using namespace alcove::engine;
using namespace alcove::test;

namespace {

// Counts what is evaluated outside sampling runs; may be made unable to shift.
class CountingExecutor final : public WrappedExecutor
{
public:
    CountingExecutor(std::unique_ptr<llm::Executor> real, std::size_t &read, bool shifts)
        : WrappedExecutor(std::move(real)), m_read(read), m_shifts(shifts)
    { }

    Result<> discard(std::uint32_t first, std::uint32_t count) override
    {
        return m_shifts ? WrappedExecutor::discard(first, count)
                        : llm::Executor::discard(first, count);
    }
    Result<std::vector<float>> forward(std::span<const llm::Token> tokens, llm::LogitRows rows,
                                       const llm::ForwardHooks &hooks) override
    {
        m_read += tokens.size();
        return WrappedExecutor::forward(tokens, rows, hooks);
    }

private:
    std::size_t &m_read;
    bool m_shifts;
};

// Its shift breaks off when it is told to, and leaves what is before it.
class BreakingExecutor final : public WrappedExecutor
{
public:
    BreakingExecutor(std::unique_ptr<llm::Executor> real, const bool &fails)
        : WrappedExecutor(std::move(real)), m_fails(fails)
    { }

    Result<> discard(std::uint32_t first, std::uint32_t count) override
    {
        if (!m_fails)
            return WrappedExecutor::discard(first, count);
        if (auto cut = truncate(first); !cut)
            return cut;
        return fail(ErrorCode::OutOfDeviceMemory, "The shift broke off.");
    }

private:
    const bool &m_fails;
};

std::vector<ChatMessage> longTalk(int turns)
{
    std::vector<ChatMessage> messages{{Role::System, "You are kind."}};
    for (int turn = 0; turn < turns; ++turn) {
        messages.push_back({Role::User,
                            "Tell me about the book number " + std::to_string(turn)
                                + ", which stands on the shelf in the hall."});
        messages.push_back({Role::Assistant, "It is blue and old, and nobody has read it."});
    }
    messages.push_back({Role::User, "Hello"});
    return messages;
}

GenerateOptions shifting(std::uint32_t maxTokens)
{
    GenerateOptions options = greedy(maxTokens);
    options.shift = ContextShift::Allow;
    options.endOfTurn = EndOfTurn::Ignore;
    return options;
}

std::string readBy(const Session &session)
{
    return session.tokenizer()->decode(session.cachedTokens(), llm::Tokenizer::ShowSpecial::Yes);
}

} // namespace

class TestSessionShift : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    // The next turn no longer fits: the oldest go, the rest is found in the cache.
    void theNextTurnFindsWhatStays()
    {
        for (const bool shifts : {true, false}) {
            std::size_t read = 0;
            const auto session = open(320, read, shifts);
            QVERIFY(session);
            // As many turns as fit, then more.
            int turns = 1;
            Answer answer;
            for (; turns < 40; ++turns) {
                read = 0;
                answer = ask(*session, longTalk(turns), shifting(4));
                QVERIFY(answer.report);
                if (answer.report->droppedMessages > 0)
                    break;
            }
            QVERIFY(answer.report->droppedMessages > 0);
            const std::uint32_t stays = answer.report->promptTokens;
            QCOMPARE(answer.report->reusedTokens + read, std::size_t(stays));
            // Without a shift nothing is found but the system prompt.
            if (shifts)
                QVERIFY(answer.report->reusedTokens > stays / 2);
            else
                QVERIFY(answer.report->reusedTokens < stays / 4);
            const std::string text = readBy(*session);
            QVERIFY(text.find("You are kind.") != std::string::npos);
            QVERIFY(text.find("number 0,") == std::string::npos);
            QVERIFY(text.find("number " + std::to_string(turns - 1)) != std::string::npos);
            QCOMPARE(text.find("Hello") != std::string::npos, true);
            // What the cache holds is what the prompt says, not more and not less.
            const Answer again = ask(*session, longTalk(turns), shifting(4));
            QVERIFY(again.report);
            QCOMPARE(again.report->reusedTokens, stays - 1);
            QVERIFY(again.tokens == answer.tokens);
        }
    }

    void anAnswerGoesOnWithoutTheOldestTurns()
    {
        std::size_t read = 0;
        const auto session = open(256, read, true);
        QVERIFY(session);
        const auto talk = longTalk(3);
        const Answer first = ask(*session, talk, shifting(64));
        QVERIFY(first.report);
        QCOMPARE(first.report->droppedMessages, 0u);
        const std::uint32_t room = session->capacity() - first.report->promptTokens;
        read = 0;
        const Answer answer = ask(*session, talk, shifting(room + 40));
        QVERIFY(answer.report);
        QCOMPARE(answer.report->reason, StopReason::MaxTokens);
        QCOMPARE(answer.report->answerTokens, room + 40);
        QCOMPARE(answer.tokens.size(), std::size_t(room + 40));
        QVERIFY(answer.report->droppedMessages > 0);
        QVERIFY(answer.report->contextUsed <= session->capacity());
        QVERIFY2(read < 8, qPrintable(QString::number(read)));
        // The report is of the prompt as it stands now: the last token was drawn, not evaluated.
        QCOMPARE(answer.report->promptTokens + answer.report->answerTokens,
                 answer.report->contextUsed + 1);
        const std::string text = readBy(*session);
        QVERIFY(text.find("You are kind.") != std::string::npos);
        QVERIFY(text.find("number 0,") == std::string::npos);
        QVERIFY(text.find("Hello") != std::string::npos);
        // Up to the shift, the answer is the one that ends where nothing can be shifted, or may be.
        for (const bool shifts : {true, false}) {
            GenerateOptions options = shifting(room + 40);
            options.shift = shifts ? ContextShift::Never : ContextShift::Allow;
            const auto fresh = open(256, read, shifts);
            QVERIFY(fresh);
            const Answer cut = ask(*fresh, talk, options);
            QVERIFY(cut.report);
            QCOMPARE(cut.report->reason, StopReason::ContextFull);
            QCOMPARE(cut.report->droppedMessages, 0u);
            QCOMPARE(cut.report->contextUsed, 256u);
            QVERIFY(std::equal(cut.tokens.begin(), cut.tokens.end(), answer.tokens.begin()));
        }
    }

    // What a user takes out of a message leaves no trace in what is read after it.
    void whatIsDeletedIsNotRemembered()
    {
        std::size_t read = 0;
        const auto session = open(0, read, true);
        QVERIFY(session);
        auto talk = longTalk(4);
        QVERIFY(ask(*session, talk, shifting(4)).report);
        talk[1].text = "Tell me."; // and the rest as it was
        const Answer edited = ask(*session, talk, shifting(4));
        QVERIFY(edited.report);
        QVERIFY(edited.report->reusedTokens < edited.report->promptTokens / 4);
        const auto fresh = open(0, read, true);
        QVERIFY(fresh);
        QVERIFY(ask(*fresh, talk, shifting(4)).tokens == edited.tokens);
    }

    // A shift that breaks off leaves nothing behind that would be taken for something else.
    void aBrokenShiftIsReadAgain()
    {
        std::size_t read = 0;
        bool fails = false;
        const auto session = openSession(
            withCard([&](const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                         const llm::ExecutorOptions &options,
                         const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                auto real = createOnProcessor(device, std::move(model), options, hooks);
                if (!real)
                    return fail(real.error());
                return std::make_unique<BreakingExecutor>(std::move(*real), fails);
            }),
            320);
        const auto sound = open(320, read, false);
        QVERIFY(session && sound);
        bool broken = false;
        for (int turns = 1; turns < 16; ++turns) {
            fails = true;
            const Answer answer = ask(*session, longTalk(turns), shifting(4));
            broken |= !answer.report;
            fails = false;
            const Answer again = ask(*session, longTalk(turns), shifting(4));
            QVERIFY(again.report);
            if (!answer.report)
                QVERIFY(again.tokens == ask(*sound, longTalk(turns), shifting(4)).tokens);
        }
        QVERIFY(broken);
    }

    void endsWhereNothingIsLeftToGo()
    {
        std::size_t read = 0;
        const auto session = open(96, read, true);
        QVERIFY(session);
        const Answer answer = ask(*session, {{Role::User, "Hello"}}, shifting(0));
        QVERIFY(answer.report);
        QCOMPARE(answer.report->reason, StopReason::ContextFull);
        QCOMPARE(answer.report->droppedMessages, 0u);
        QCOMPARE(answer.report->contextUsed, 96u);
    }

    // A text of its own has no turns that could go.
    void aTextIsNeverCut()
    {
        std::size_t read = 0;
        const auto session = open(64, read, true);
        QVERIFY(session);
        const auto report = session->continueText("The book", shifting(0), {});
        QVERIFY(report);
        QCOMPARE(report->reason, StopReason::ContextFull);
        QCOMPARE(report->contextUsed, 64u);
    }

private:
    static std::unique_ptr<Session> open(std::uint32_t context, std::size_t &read, bool shifts)
    {
        return openSession(
            withCard([&read, shifts](
                         const DeviceOption &device, std::shared_ptr<const llm::Model> model,
                         const llm::ExecutorOptions &options,
                         const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
                auto real = createOnProcessor(device, std::move(model), options, hooks);
                if (!real)
                    return fail(real.error());
                return std::make_unique<CountingExecutor>(std::move(*real), read, shifts);
            }),
            context);
    }
};

QTEST_GUILESS_MAIN(TestSessionShift)
#include "tst_session_shift.moc"
