#include "core/chat/answer_settings.h"

namespace alcove::chat {

AnswerOptions answerOptions(const storage::Settings &settings)
{
    const auto real = [&](const char *key) {
        return settings.value(QString::fromLatin1(key)).toFloat();
    };
    const auto whole = [&](const char *key) {
        return settings.value(QString::fromLatin1(key)).toLongLong();
    };
    AnswerOptions options;
    options.systemPrompt = settings.value(QStringLiteral("systemPrompt")).toString();
    options.maxTokens = quint32(whole("maxTokens"));
    options.sampling.temperature = real("temperature");
    options.sampling.topK = std::uint32_t(whole("topK"));
    options.sampling.topP = real("topP");
    options.sampling.minP = real("minP");
    options.sampling.repeatPenalty = real("repeatPenalty");
    options.sampling.presencePenalty = real("presencePenalty");
    options.sampling.frequencyPenalty = real("frequencyPenalty");
    const qint64 seed = whole("seed");
    options.seedChoice = seed < 0 ? SeedChoice::Fresh : SeedChoice::Fixed;
    options.sampling.seed = seed < 0 ? 0 : std::uint64_t(seed);
    return options;
}

} // namespace alcove::chat
