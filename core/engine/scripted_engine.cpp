#include "core/engine/scripted_engine.h"

#include <QFileInfo>

#include <algorithm>

namespace alcove::engine {

namespace {

constexpr int kLoadSteps = 40;
constexpr int kPromptSteps = 10;
constexpr quint32 kContextLength = 4096;

const char *const kGreeting =
    R"md(This is the **demonstration**: every answer here was written in advance, so that the window can be tried without a model.

Ask for one of these to see how it looks:

- `code`, a short program with a copy button
- `table`, a comparison in rows and columns
- `list`, steps in order, some with steps of their own
- `link`, where a link leads before it opens
- `long`, an answer to scroll through
- `think`, what a model thinks before it answers

> Nothing you type here leaves this computer.
)md";

const char *const kCode = R"md(### A running mean

It keeps the count and the mean, and nothing else, so it uses the same little memory for ten values as for ten million:

```cpp
class RunningMean
{
public:
    void add(double value)
    {
        ++m_count;
        m_mean += (value - m_mean) / static_cast<double>(m_count); // Welford's update, stable for long runs
    }

    double value() const { return m_mean; }

private:
    std::size_t m_count = 0;
    double m_mean = 0;
};
```

Call `add()` for each value and `value()` whenever you like. In Python the same is three lines:

```python
count += 1
mean += (value - mean) / count
```
)md";

const char *const kTable =
    R"md(Three common formats for the weights of a model, for one with 7 billion of them:

| Format | Bits per weight | Size | What to expect |
|:-------|----------------:|-----:|:---------------|
| `Q4_K` | 4.5 | 3.9 GB | Fits most cards; answers differ a little from the original |
| `Q6_K` | 6.6 | 5.7 GB | Hard to tell from the original |
| `Q8_0` | 8.5 | 7.3 GB | **Practically the original**, and slower |

If the model fits with room for the conversation, take the larger one.
)md";

const char *const kList = R"md(Here is a way to plan it:

1. Write down what must be true at the end.
2. Split the work into pieces of a day or less:
   - pieces that others wait for come first,
   - pieces you are unsure about come *before* those you have done often.
3. Do the first piece, then look at the plan again.

Before you start:

- [x] A place to work
- [ ] Someone to show it to
- [ ] ~~A perfect plan~~
)md";

const char *const kLink =
    R"md(The format of the model files is described in the [GGUF document](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Alcove shows where a link leads and asks before it opens the browser.

Pictures from the network are never loaded; they stay links: ![a diagram of a transformer](https://example.org/transformer.png)
)md";

const char *const kThought =
    R"md(The question is which of the two is heavier, a litre of ice or a litre of water. It says litre, not kilogram, so the volumes are equal and the masses have to be compared.

Mass is density times volume. Water has about 1.00 kg per litre at 4 °C, a little less when it is warmer. Ice has about 0.92 kg per litre at 0 °C, because the molecules in the crystal stand further apart than in the liquid.

So the litre of ice has about 0.92 kg and the litre of water about 1.00 kg. Does that fit what one sees? Ice floats on water, so it has to be the lighter of the two. Yes.

One more check: a bottle of water that freezes bursts, so the same mass takes more room as ice. That is the same fact seen from the other side. I will give the answer first and the reason after it.)md";

const char *const kThoughtfulAnswer =
    R"md(**The litre of water is heavier**, by about 80 grams.

| One litre of | Mass |
|:-------------|-----:|
| water | 1.00 kg |
| ice | 0.92 kg |

In ice the molecules stand further apart than in the liquid, so a litre holds fewer of them. That is also why ice floats.
)md";

const char *const kHtml = R"md(HTML is shown as it was written, never run:

<img src="https://example.org/pixel.png"> <script>alert("no")</script>

And so is <b>this</b> one inside a sentence.
)md";

QString longAnswer()
{
    QString text = QStringLiteral("## Twelve short notes\n\n");
    const QStringList subjects = {
        QStringLiteral("light"), QStringLiteral("water"), QStringLiteral("paper"),
        QStringLiteral("wood"),  QStringLiteral("iron"),  QStringLiteral("glass"),
        QStringLiteral("wool"),  QStringLiteral("stone"), QStringLiteral("salt"),
        QStringLiteral("clay"),  QStringLiteral("bread"), QStringLiteral("ink")};
    int number = 0;
    for (const QString &subject : subjects) {
        text += QStringLiteral("### %1. On %2\n\n").arg(++number).arg(subject);
        text += QStringLiteral(
                    "People have worked with %1 for as long as there have been people, and "
                    "each generation thinks that it is the first to do so properly. What "
                    "stays is the habit of looking closely: *what does %1 do when it is left "
                    "alone?* The rest follows from the answer.\n\n")
                    .arg(subject);
    }
    return text;
}

bool mentions(const QString &prompt, const char *word)
{
    return prompt.contains(QLatin1String(word), Qt::CaseInsensitive);
}

// Pieces of a few letters with the space before them, as a model's tokens are.
QStringList tokensOf(const QString &text)
{
    QStringList tokens;
    qsizetype start = 0;
    for (qsizetype i = 1; i <= text.size(); ++i) {
        const bool boundary = i == text.size() || (text[i].isSpace() && !text[i - 1].isSpace());
        const bool splitsPair = i < text.size() && text[i].isLowSurrogate();
        if ((boundary || i - start >= 6) && !splitsPair) {
            tokens.append(text.mid(start, i - start));
            start = i;
        }
    }
    return tokens;
}

} // namespace

ScriptedEngine::ScriptedEngine(const ScriptedPace &pace, QObject *parent)
    : ChatEngine(parent), m_pace(pace)
{
    m_loadTimer.setInterval(m_pace.loadStepMs);
    connect(&m_loadTimer, &QTimer::timeout, this, &ScriptedEngine::loadStep);
    connect(&m_answerTimer, &QTimer::timeout, this, [this] {
        if (m_phase == Phase::Prompt)
            promptStep();
        else
            tokenStep();
    });
}

QString ScriptedEngine::answerTo(const QString &prompt)
{
    if (mentions(prompt, "code") || mentions(prompt, "program"))
        return QString::fromUtf8(kCode);
    if (mentions(prompt, "table"))
        return QString::fromUtf8(kTable);
    if (mentions(prompt, "list") || mentions(prompt, "plan"))
        return QString::fromUtf8(kList);
    if (mentions(prompt, "link"))
        return QString::fromUtf8(kLink);
    if (mentions(prompt, "html"))
        return QString::fromUtf8(kHtml);
    if (mentions(prompt, "long"))
        return longAnswer();
    return QString::fromUtf8(mentions(prompt, "think") ? kThoughtfulAnswer : kGreeting);
}

QString ScriptedEngine::reasoningTo(const QString &prompt)
{
    return mentions(prompt, "think") ? QString::fromUtf8(kThought) : QString();
}

void ScriptedEngine::load(const LoadRequest &request)
{
    stop();
    cancelLoad();
    m_model.reset();
    m_loadRequest = request;
    m_loadSteps = 0;
    m_loadTimer.start();
}

void ScriptedEngine::cancelLoad()
{
    if (!m_loadTimer.isActive())
        return;
    m_loadTimer.stop();
    emit loadFailed(m_loadRequest.id, Error{ErrorCode::Cancelled, "Loading was cancelled.", {}});
}

void ScriptedEngine::unload()
{
    stop();
    m_model.reset();
    emit unloaded();
}

void ScriptedEngine::loadStep()
{
    ++m_loadSteps;
    const QFileInfo file(m_loadRequest.modelPath);
    if (m_loadSteps == kLoadSteps / 2 && file.fileName().contains(QLatin1String("broken"))) {
        m_loadTimer.stop();
        emit loadFailed(m_loadRequest.id,
                        Error{ErrorCode::InvalidFile,
                              "This file ends before all of its weights; download it again.",
                              "tensor blk.17.ffn_up.weight lies beyond the end of the file"});
        return;
    }
    if (m_loadSteps < kLoadSteps) {
        emit loadProgress(m_loadRequest.id, double(m_loadSteps) / kLoadSteps);
        return;
    }
    m_loadTimer.stop();
    LoadedModel model;
    model.path = m_loadRequest.modelPath;
    model.name = file.completeBaseName();
    model.architecture = QStringLiteral("scripted");
    model.device = QStringLiteral("Demo");
    model.deviceReason =
        QStringLiteral("The demonstration needs no device: its answers are written in advance.");
    model.contextLength =
        m_loadRequest.contextLength > 0 ? m_loadRequest.contextLength : kContextLength;
    model.memoryBytes = 24u * 1024 * 1024;
    model.loadSeconds = kLoadSteps * m_pace.loadStepMs / 1000.0;
    if (file.fileName().contains(QLatin1String("template")))
        model.chatTemplateError = QStringLiteral("line 3: unknown filter \"shuffle\"");
    m_model = model;
    emit loadProgress(m_loadRequest.id, 1);
    emit loadFinished(m_loadRequest.id, model);
}

void ScriptedEngine::generate(const GenerateRequest &request)
{
    stop();
    m_request = request;
    m_result = {};
    m_failAfter = -1;
    m_promptSteps = 0;
    if (!m_model || request.messages.isEmpty()) {
        emit generationFailed(
            request.id,
            m_model ? Error{ErrorCode::InvalidArgument, "There is nothing to answer.", {}}
                    : Error{ErrorCode::NotFound, "No model is loaded.", {}});
        return;
    }
    if (!m_model->chatTemplateError.isEmpty()
        && request.templateFallback == TemplateFallback::Refuse) {
        emit generationFailed(request.id,
                              Error{ErrorCode::TemplateFailed,
                                    "The model's chat template cannot be used.",
                                    m_model->chatTemplateError.toStdString()});
        return;
    }
    const auto count = [](std::string_view text) { return text.size() / 4 + 1; };
    const QVector<PromptMessage> given = request.compose
        ? request.compose(request.messages, count, m_model->contextLength)
        : request.messages;
    quint32 promptTokens = 0;
    for (const PromptMessage &message : given)
        promptTokens += quint32(message.text.size() / 4 + 4);
    const QString prompt = request.messages.last().text;
    m_reasoning = tokensOf(reasoningTo(prompt));
    m_tokens = tokensOf(answerTo(prompt));
    if (mentions(prompt, "error"))
        m_failAfter = std::min<int>(24, int(m_tokens.size()) / 2) + int(m_reasoning.size());
    if (mentions(prompt, "crowded"))
        m_result.droppedMessages = 4;
    m_result.promptTokens = std::min(promptTokens, m_model->contextLength / 2);
    m_phase = Phase::Prompt;
    m_answerTimer.start(m_pace.promptStepMs);
}

void ScriptedEngine::promptStep()
{
    ++m_promptSteps;
    emit promptProgress(m_request.id, m_result.promptTokens * quint32(m_promptSteps) / kPromptSteps,
                        m_result.promptTokens);
    if (m_promptSteps < kPromptSteps)
        return;
    m_result.prefillSeconds = kPromptSteps * m_pace.promptStepMs / 1000.0;
    m_phase = Phase::Text;
    m_answerTimer.start(m_pace.tokenMs);
}

void ScriptedEngine::tokenStep()
{
    if (m_failAfter >= 0 && int(m_result.answerTokens) >= m_failAfter) {
        m_answerTimer.stop();
        m_phase = Phase::Idle;
        emit generationFailed(
            m_request.id,
            Error{ErrorCode::OutOfDeviceMemory,
                  "The graphics card ran out of memory. What was written so far is "
                  "kept; a shorter context needs less.",
                  "scripted failure"});
        return;
    }
    if (m_tokens.isEmpty()) { // the reasoning came before them
        finish(StopReason::EndOfTurn);
        return;
    }
    if (m_request.maxTokens > 0 && m_result.answerTokens >= m_request.maxTokens) {
        finish(StopReason::MaxTokens);
        return;
    }
    ++m_result.answerTokens;
    m_result.decodeSeconds += m_pace.tokenMs / 1000.0;
    if (!m_reasoning.isEmpty())
        emit reasoningAppended(m_request.id, m_reasoning.takeFirst());
    else
        emit textAppended(m_request.id, m_tokens.takeFirst());
}

void ScriptedEngine::stop()
{
    if (m_phase != Phase::Idle)
        finish(StopReason::Stopped);
}

void ScriptedEngine::finish(StopReason reason)
{
    m_answerTimer.stop();
    m_phase = Phase::Idle;
    m_result.reason = reason;
    m_result.contextUsed = m_result.promptTokens + m_result.answerTokens;
    emit generationFinished(m_request.id, m_result);
}

} // namespace alcove::engine
