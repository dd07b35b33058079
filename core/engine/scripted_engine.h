// ScriptedEngine: a ChatEngine without a model: fixed words at a fixed pace.
//
// The offline twin behind `alcove --demo`, the tests of the window and its screenshots. All on the
// GUI thread. Answers are chosen by a word of the prompt (code, table, list, link, long, html) and
// come as Markdown; with "think" in it reasoning comes first, "error" fails half way through the
// answer, "crowded" reports messages that no longer fit. A model whose file name contains "broken"
// fails to load, one with "template" loads with a template error.
#pragma once

#include "core/engine/chat_engine.h"

#include <QTimer>

#include <optional>

namespace alcove::engine {

struct ScriptedPace {
    int loadStepMs = 30; // 40 steps
    int promptStepMs = 60; // 10 steps
    int tokenMs = 22;
};

class ScriptedEngine : public ChatEngine
{
    Q_OBJECT
public:
    explicit ScriptedEngine(const ScriptedPace &pace = {}, QObject *parent = nullptr);

    void load(const alcove::engine::LoadRequest &request) override;
    void cancelLoad() override;
    void unload() override;
    void generate(const alcove::engine::GenerateRequest &request) override;
    void stop() override;

    // The answer that a prompt gets; the same one each time.
    static QString answerTo(const QString &prompt);
    static QString reasoningTo(const QString &prompt); // empty: it answers at once

private:
    void loadStep();
    void promptStep();
    void tokenStep();
    void finish(StopReason reason);

    ScriptedPace m_pace;
    QTimer m_loadTimer;
    QTimer m_answerTimer;

    LoadRequest m_loadRequest;
    int m_loadSteps = 0;
    std::optional<LoadedModel> m_model;

    enum class Phase { Idle, Prompt, Text };
    Phase m_phase = Phase::Idle;
    GenerateRequest m_request;
    GenerationResult m_result;
    QStringList m_reasoning; // tokens still to come before those of the answer
    QStringList m_tokens; // still to come
    int m_promptSteps = 0;
    int m_failAfter = -1; // tokens; -1: does not fail
};

} // namespace alcove::engine
