#include "app/shell/activity_log.h"

#include "core/log/log.h"

#include <spdlog/spdlog.h>

namespace alcove::shell {

namespace {

// A file's own words, in one line of bounded length.
std::string line(const QString &words)
{
    return words.simplified().left(120).toStdString();
}

const char *nameOf(engine::StopReason reason)
{
    switch (reason) {
    case engine::StopReason::EndOfTurn:
        return "ended";
    case engine::StopReason::MaxTokens:
        return "reached its longest";
    case engine::StopReason::ContextFull:
        return "filled the context";
    case engine::StopReason::Stopped:
        return "was stopped";
    case engine::StopReason::StopText:
        return "met a stop text";
    }
    return "ended";
}

void writeLoaded(const engine::LoadedModel &model)
{
    spdlog::info("model {} ({}) loaded in {:.1f} s on {}: context {}, {} MB", line(model.name),
                 line(model.architecture), model.loadSeconds, line(model.device),
                 model.contextLength, model.memoryBytes / 1'000'000);
    if (!model.warning.isEmpty())
        spdlog::warn("model: {}", line(model.warning));
}

void writeAnswer(const engine::GenerationResult &result)
{
    spdlog::info("an answer {}: prompt of {} tokens ({} known) in {:.2f} s, {} tokens in {:.2f} s",
                 nameOf(result.reason), result.promptTokens, result.reusedTokens,
                 result.prefillSeconds, result.answerTokens, result.decodeSeconds);
}

// A chat template says itself what is wrong, and may repeat what it was given.
void writeError(Error error, const char *where)
{
    if (error.code == ErrorCode::TemplateFailed)
        error = {error.code, "The chat template failed.", {}};
    log::write(error, where);
}

} // namespace

ActivityLog::ActivityLog(engine::ChatEngine &engine, chat::ChatService &service, QObject *parent)
    : QObject(parent)
{
    connect(&engine, &engine::ChatEngine::loadFinished, this,
            [](quint64, const engine::LoadedModel &model) { writeLoaded(model); });
    connect(&engine, &engine::ChatEngine::loadFailed, this,
            [](quint64, const Error &error) { writeError(error, "model"); });
    connect(&engine, &engine::ChatEngine::generationFinished, this,
            [](quint64, const engine::GenerationResult &result) { writeAnswer(result); });
    connect(&service, &chat::ChatService::failed, this,
            [](const Error &error) { writeError(error, "chat"); });
}

} // namespace alcove::shell
