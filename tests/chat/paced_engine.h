// A ChatEngine for protocol tests: thinks and says the words it is given, one each `interval`, and
// keeps the requests. Nothing of it is a model.
#pragma once

#include "core/engine/chat_engine.h"

#include <QStringList>
#include <QTimer>

#include <functional>
#include <optional>

namespace alcove::test {

class PacedEngine : public engine::ChatEngine
{
    Q_OBJECT
public:
    PacedEngine()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, &PacedEngine::next);
    }

    QStringList thoughts; // before the words
    QStringList words{QStringLiteral("one "), QStringLiteral("two "), QStringLiteral("three")};
    int interval = 1; // ms
    std::optional<Error> failAfterWords;
    std::function<void()> onGenerate;
    QVector<engine::GenerateRequest> requests;
    int stops = 0;

    void load(const engine::LoadRequest &) override { }
    void cancelLoad() override { }
    void unload() override { }
    void generate(const engine::GenerateRequest &request) override
    {
        requests.append(request);
        if (onGenerate)
            onGenerate();
        m_thought = 0;
        m_said = 0;
        m_timer.start(interval);
        emit promptProgress(request.id, 5, 10);
    }
    void stop() override
    {
        ++stops;
        if (m_timer.isActive())
            end(engine::StopReason::Stopped);
    }

private:
    void next()
    {
        const quint64 id = requests.last().id;
        if (m_thought < thoughts.size()) {
            emit reasoningAppended(id, thoughts.at(m_thought++));
        } else if (m_said < words.size()) {
            emit textAppended(id, words.at(m_said++));
        } else if (failAfterWords) {
            m_timer.stop();
            emit generationFailed(id, *failAfterWords);
        } else {
            end(engine::StopReason::EndOfTurn);
        }
    }
    void end(engine::StopReason reason)
    {
        m_timer.stop();
        engine::GenerationResult result;
        result.reason = reason;
        result.promptTokens = 10;
        result.answerTokens = quint32(m_said);
        result.droppedMessages = 1;
        result.prefillSeconds = 0.5;
        result.decodeSeconds = 1.5;
        emit generationFinished(requests.last().id, result);
    }

    QTimer m_timer;
    int m_thought = 0;
    int m_said = 0;
};

} // namespace alcove::test
