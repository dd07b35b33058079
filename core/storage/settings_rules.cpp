#include "core/storage/settings_rules.h"

#include "core/llm/sampling.h"

#include <QJsonValue>
#include <QRegularExpression>
#include <QStringList>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <variant>

namespace alcove::storage {

namespace {

struct Whole {
    qint64 least;
    qint64 most;
    qint64 standard;
    qint64 leastNonZero = 0; // values between 0 and this make no sense
};
struct Real {
    double least;
    double most;
    double standard;
};
struct YesNo {
    bool standard;
};
struct Choice {
    const char *pattern; // anchored regular expression
    const char *allowed; // in words
    const char *standard;
};
struct Text {
    int mostCharacters;
};
struct TextList {
    int mostEntries;
};

struct Rule {
    const char *key;
    const char *name; // as the user knows it
    std::variant<Whole, Real, YesNo, Choice, Text, TextList> kind;
};

constexpr qint64 kMaxTokens = 1 << 20;
// Numbers travel as JSON, which holds whole numbers exactly up to here everywhere.
constexpr qint64 kMaxSeed = qint64(1) << 53;
constexpr int kMaxPath = 32'767;
const llm::SamplingParams kSampling;

// A float's default as the decimal it was written as: 0.8, not 0.800000011920929.
double decimal(float value)
{
    return std::round(double(value) * 1e6) / 1e6;
}

const Rule kRules[] = {
    {"device", "The device",
     Choice{"auto|cpu|vulkan(:[0-9]{1,2})?", "auto, cpu, vulkan or vulkan:N", "auto"}},
    {"threads", "The number of threads", Whole{0, 1024, 0}},
    {"contextLength", "The context length", Whole{0, kMaxTokens, 0, 128}},
    {"kvFormat", "The format of the KV cache",
     Choice{"f16|q8_0|q8_0/q4_0", "f16, q8_0 or q8_0/q4_0", "f16"}},
    {"temperature", "The temperature", Real{0, 2, decimal(kSampling.temperature)}},
    {"topK", "Top-k", Whole{0, 1000, qint64(kSampling.topK)}},
    {"topP", "Top-p", Real{0, 1, decimal(kSampling.topP)}},
    {"minP", "Min-p", Real{0, 1, decimal(kSampling.minP)}},
    {"repeatPenalty", "The repeat penalty", Real{0.5, 2, decimal(kSampling.repeatPenalty)}},
    {"presencePenalty", "The presence penalty", Real{-2, 2, decimal(kSampling.presencePenalty)}},
    {"frequencyPenalty", "The frequency penalty", Real{-2, 2, decimal(kSampling.frequencyPenalty)}},
    {"seed", "The seed", Whole{-1, kMaxSeed, -1}},
    {"maxTokens", "The longest answer", Whole{0, kMaxTokens, 0}},
    {"systemPrompt", "The system prompt", Text{100'000}},
    {"theme", "The theme", Choice{"system|light|dark", "system, light or dark", "system"}},
    {"fontScale", "The font size", Real{0.75, 2, 1}},
    {"sendWithEnter", "Sending with Enter", YesNo{true}},
    {"lastModel", "The model", Text{kMaxPath}},
    {"embeddingModel", "The embedding model", Text{kMaxPath}},
    {"modelFiles", "The model files", TextList{1024}},
    {"modelFolders", "The model folders", TextList{256}},
};

const Rule *ruleOf(const QString &key)
{
    const auto rule = std::find_if(std::begin(kRules), std::end(kRules),
                                   [&](const Rule &one) { return key == QLatin1String(one.key); });
    return rule == std::end(kRules) ? nullptr : rule;
}

bool isNumber(const QVariant &value)
{
    switch (value.typeId()) {
    case QMetaType::Int:
    case QMetaType::UInt:
    case QMetaType::LongLong:
    case QMetaType::ULongLong:
    case QMetaType::Float:
    case QMetaType::Double:
        return std::isfinite(value.toDouble());
    default:
        return false;
    }
}

bool isText(const QVariant &value)
{
    return value.typeId() == QMetaType::QString;
}

std::string shortest(double value)
{
    return QString::number(value).toStdString();
}

tl::unexpected<Error> refused(const Rule &rule, const std::string &allowed)
{
    return fail(ErrorCode::InvalidArgument,
                std::string(rule.name) + " must be " + allowed + ". It was not changed.");
}

Result<QVariant> check(const Rule &rule, const Whole &kind, const QVariant &value)
{
    const double number = isNumber(value) ? value.toDouble() : std::nan("");
    // Compared as double first: a conversion of what is out of range would be undefined.
    const bool inside = number >= double(kind.least) && number <= double(kind.most)
        && number == std::floor(number) && (number <= 0 || number >= double(kind.leastNonZero));
    if (!inside)
        return refused(rule,
                       "a whole number from "
                           + std::to_string(kind.leastNonZero > 0 ? kind.leastNonZero : kind.least)
                           + " to " + std::to_string(kind.most)
                           + (kind.leastNonZero > 0 ? ", or 0" : ""));
    return QVariant(qint64(number));
}

Result<QVariant> check(const Rule &rule, const Real &kind, const QVariant &value)
{
    const double number = isNumber(value) ? value.toDouble() : std::nan("");
    if (!(number >= kind.least && number <= kind.most))
        return refused(rule,
                       "a number from " + shortest(kind.least) + " to " + shortest(kind.most));
    return QVariant(number);
}

Result<QVariant> check(const Rule &rule, const YesNo &, const QVariant &value)
{
    if (value.typeId() != QMetaType::Bool)
        return refused(rule, "on or off");
    return value;
}

Result<QVariant> check(const Rule &rule, const Choice &kind, const QVariant &value)
{
    const QRegularExpression pattern(
        QRegularExpression::anchoredPattern(QLatin1String(kind.pattern)));
    if (!isText(value) || !pattern.match(value.toString()).hasMatch())
        return refused(rule, kind.allowed);
    return value;
}

Result<QVariant> check(const Rule &rule, const Text &kind, const QVariant &value)
{
    if (!isText(value) || value.toString().size() > kind.mostCharacters)
        return refused(rule,
                       "a text of at most " + std::to_string(kind.mostCharacters) + " characters");
    return value;
}

Result<QVariant> check(const Rule &rule, const TextList &kind, const QVariant &value)
{
    // JSON gives a list of variants, C++ and QML may give a list of strings.
    const bool list =
        value.typeId() == QMetaType::QStringList || value.typeId() == QMetaType::QVariantList;
    const QVariantList entries = value.toList();
    if (!list || entries.size() > kind.mostEntries
        || !std::all_of(entries.begin(), entries.end(), isText))
        return refused(rule, "a list of at most " + std::to_string(kind.mostEntries) + " texts");
    return QVariant(value.toStringList());
}

struct DefaultOf {
    QVariant operator()(const Whole &kind) const { return kind.standard; }
    QVariant operator()(const Real &kind) const { return kind.standard; }
    QVariant operator()(const YesNo &kind) const { return kind.standard; }
    QVariant operator()(const Choice &kind) const { return QString::fromLatin1(kind.standard); }
    QVariant operator()(const Text &) const { return QString(); }
    QVariant operator()(const TextList &) const { return QStringList(); }
};

} // namespace

QVariant settingDefault(const QString &key)
{
    const Rule *rule = ruleOf(key);
    return rule ? std::visit(DefaultOf(), rule->kind) : QVariant();
}

Result<QVariant> checkedSetting(const QString &key, const QVariant &value)
{
    if (const Rule *rule = ruleOf(key))
        return std::visit([&](const auto &kind) { return check(*rule, kind, value); }, rule->kind);
    if (key.startsWith(QLatin1String("window.")) && !QJsonValue::fromVariant(value).isUndefined()
        && value.isValid())
        return value;
    return fail(ErrorCode::InvalidArgument, "There is no such setting.",
                "key " + key.toStdString());
}

} // namespace alcove::storage
