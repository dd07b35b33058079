#include "core/chat/answer_settings.h"

namespace alcove::chat {

AnswerOptions answerOptions(const storage::Settings &settings,
                            const llm::SamplingParams &recommended)
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
    options.sampling = recommended;
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

QVariantMap settingsOf(const llm::SamplingParams &recommended)
{
    // As people write them: 0.6f is not 0.60000002384.
    const auto decimal = [](float value) {
        return QString::number(double(value), 'g', 6).toDouble();
    };
    return {{QStringLiteral("temperature"), decimal(recommended.temperature)},
            {QStringLiteral("topK"), recommended.topK},
            {QStringLiteral("topP"), decimal(recommended.topP)},
            {QStringLiteral("minP"), decimal(recommended.minP)},
            {QStringLiteral("repeatPenalty"), decimal(recommended.repeatPenalty)},
            {QStringLiteral("presencePenalty"), decimal(recommended.presencePenalty)},
            {QStringLiteral("frequencyPenalty"), decimal(recommended.frequencyPenalty)}};
}

} // namespace alcove::chat
