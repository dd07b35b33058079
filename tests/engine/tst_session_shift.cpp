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
        for (const bool shifts : {true, false}) {
            std::size_t read = 0;
            const auto session = open(256, read, shifts);
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
            if (shifts)
                QVERIFY2(read < 8, qPrintable(QString::number(read)));
            const std::string text = readBy(*session);
            QVERIFY(text.find("You are kind.") != std::string::npos);
            QVERIFY(text.find("number 0,") == std::string::npos);
            QVERIFY(text.find("Hello") != std::string::npos);
            // Up to the shift, the answer is the one that would have been cut off there.
            GenerateOptions never = shifting(room + 40);
            never.shift = ContextShift::Never;
            const auto fresh = open(256, read, shifts);
            QVERIFY(fresh);
            const Answer cut = ask(*fresh, talk, never);
            QVERIFY(cut.report);
            QCOMPARE(cut.report->reason, StopReason::ContextFull);
            QVERIFY(std::equal(cut.tokens.begin(), cut.tokens.end(), answer.tokens.begin()));
        }
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
