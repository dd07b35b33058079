#include "core/llm/inspect.h"

#include "core/llm/display_text.h"
#include "core/llm/gguf_value.h"
#include "core/llm/tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace alcove::llm {

namespace {

using Json = nlohmann::ordered_json;

// A hostile file could ask for any length of report; behind this much only lengths are told.
constexpr std::size_t kShownValueBytes = 4u << 20;

// One scalar or string at the start of `bytes`, and how many bytes it took. The parser has checked
// that it is whole.
struct Shown {
    Json value;
    std::size_t bytes = 0;
    bool abbreviated = false;
};

// The shortest decimal number that is this float: 1e-05, not 9.999999747378752e-06.
double asWritten(float value)
{
    char text[32];
    for (int digits = 6; digits <= 9; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, double(value));
        if (std::strtof(text, nullptr) == value)
            return std::strtod(text, nullptr);
    }
    return value; // not a number
}

template <typename T>
Shown shownScalar(const std::byte *at)
{
    return {loadValue<T>(at), sizeof(T), false};
}

Shown shownElement(GgufValueType type, const std::byte *at, std::uint32_t textCharacters)
{
    switch (type) {
    case GgufValueType::UInt8:
        return shownScalar<std::uint8_t>(at);
    case GgufValueType::Int8:
        return shownScalar<std::int8_t>(at);
    case GgufValueType::UInt16:
        return shownScalar<std::uint16_t>(at);
    case GgufValueType::Int16:
        return shownScalar<std::int16_t>(at);
    case GgufValueType::UInt32:
        return shownScalar<std::uint32_t>(at);
    case GgufValueType::Int32:
        return shownScalar<std::int32_t>(at);
    case GgufValueType::UInt64:
        return shownScalar<std::uint64_t>(at);
    case GgufValueType::Int64:
        return shownScalar<std::int64_t>(at);
    case GgufValueType::Float32:
        return {asWritten(loadValue<float>(at)), sizeof(float), false};
    case GgufValueType::Float64:
        return shownScalar<double>(at);
    case GgufValueType::Bool:
        return {loadValue<std::uint8_t>(at) != 0, 1, false};
    case GgufValueType::String: {
        const auto length = std::size_t(loadValue<std::uint64_t>(at));
        const std::string_view text(reinterpret_cast<const char *>(at) + 8, length);
        std::string shown = displayText(text, textCharacters);
        const bool whole = shown == text;
        return {std::move(shown), 8 + length, !whole};
    }
    case GgufValueType::Array:
        break;
    }
    return {};
}

// About what a shown value takes in memory.
std::size_t bytesOf(const Json &value)
{
    std::size_t bytes = sizeof(Json);
    if (value.is_string())
        bytes += sizeof(std::string) + value.get_ref<const std::string &>().size();
    else if (value.is_array())
        for (const Json &element : value)
            bytes += bytesOf(element);
    return bytes;
}

MetadataEntry describe(const std::string &key, const GgufValue &value,
                       const InspectOptions &options)
{
    MetadataEntry entry;
    entry.key = displayText(key, 256);
    if (value.type != GgufValueType::Array) {
        Shown shown = shownElement(value.type, value.bytes.data(), options.textCharacters);
        entry.type = typeName(value.type);
        entry.count = value.type == GgufValueType::String ? value.bytes.size() - 8 : 1;
        entry.value = std::move(shown.value);
        entry.abbreviated = shown.abbreviated;
        return entry;
    }
    entry.type = "array of " + std::string(typeName(value.elementType));
    entry.count = value.count;
    entry.value = Json::array();
    const std::uint64_t shownCount = std::min<std::uint64_t>(value.count, options.arrayElements);
    entry.abbreviated = shownCount < value.count;
    const std::byte *at = value.bytes.data();
    for (std::uint64_t i = 0; i < shownCount; ++i) {
        Shown shown = shownElement(value.elementType, at, options.textCharacters);
        entry.value.push_back(std::move(shown.value));
        entry.abbreviated |= shown.abbreviated;
        at += shown.bytes;
    }
    return entry;
}

std::vector<FormatSize> sizesByFormat(const GgufFile &file)
{
    std::vector<FormatSize> sizes;
    for (const Tensor &tensor : file.tensors()) {
        const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
        if (!info)
            continue; // the reader has refused the file already
        auto size = std::find_if(sizes.begin(), sizes.end(),
                                 [&](const FormatSize &s) { return s.format == info->name; });
        if (size == sizes.end())
            size = sizes.insert(size, {std::string(info->name), 0, 0, 0, info->runnable});
        size->tensors += 1;
        size->elements += tensor.elements();
        size->bytes += tensor.data.size();
    }
    std::stable_sort(sizes.begin(), sizes.end(),
                     [](const FormatSize &a, const FormatSize &b) { return a.bytes > b.bytes; });
    return sizes;
}

std::string poolingName(Pooling pooling)
{
    switch (pooling) {
    case Pooling::None:
        return {};
    case Pooling::Mean:
        return "mean";
    case Pooling::Cls:
        return "first token";
    case Pooling::Last:
        return "last token";
    }
    return {};
}

void summarise(const Attention &attention, SpecificationSummary &summary)
{
    if (attention.window > 0) {
        ++summary.windowedLayers;
        summary.window = attention.window;
    }
    if (summary.heads > 0)
        return;
    summary.heads = attention.heads;
    summary.kvHeads = attention.kvHeads;
    summary.headSize = attention.headSize;
    summary.ropeDimensions = attention.rope.dims;
    if (attention.rope.dims > 0)
        summary.ropePairs = attention.rope.pairs == RopePairs::Adjacent ? "adjacent" : "split half";
    summary.queryKeyNorm = attention.queryNorm || attention.keyNorm;
    summary.attentionBiases = attention.query.bias || attention.key.bias || attention.value.bias;
}

SpecificationSummary summarise(const ModelSpec &spec)
{
    SpecificationSummary summary;
    summary.parameters = spec.parameterCount();
    summary.vocabulary = spec.vocabulary;
    summary.width = spec.width;
    summary.layers = std::uint32_t(spec.layers.size());
    summary.trainedContext = spec.trainedContext;
    summary.tiedEmbedding = spec.tiedEmbedding;
    summary.encoder = spec.isEncoder();
    summary.pooling = poolingName(spec.pooling);
    for (const Layer &layer : spec.layers) {
        if (const auto *attention = std::get_if<Attention>(&layer.mixer))
            summarise(*attention, summary);
        else
            ++summary.recurrentLayers;
        if (const auto *experts = std::get_if<ExpertFeedForward>(&layer.feedForward)) {
            summary.experts = experts->up.experts();
            summary.expertsUsed = experts->used;
        }
        if (summary.feedForward == 0)
            summary.feedForward = hiddenWidth(layer.feedForward);
    }
    return summary;
}

} // namespace

ModelReport inspectFile(const GgufFile &file, const InspectOptions &options)
{
    ModelReport report;
    report.path = file.path();
    report.fileBytes = file.fileBytes();
    report.ggufVersion = file.version();
    report.architecture = displayText(file.string("general.architecture").value_or(""));
    report.name = displayText(file.string("general.name").value_or(""), 200);
    report.tensorCount = file.tensors().size();
    if (const GgufValue *tokens = file.find("tokenizer.ggml.tokens");
        tokens && tokens->type == GgufValueType::Array)
        report.tokenCount = tokens->count;
    report.tokenizer = displayText(file.string("tokenizer.ggml.model").value_or(""));
    if (const auto pre = file.string("tokenizer.ggml.pre"); pre && !pre->empty())
        report.tokenizer += ", pre-tokenizer " + displayText(*pre);
    if (!report.tokenizer.empty())
        report.tokenizerTrouble = Tokenizer::troubleOf(file);
    report.metadata.reserve(file.metadata().size());
    InspectOptions shown = options;
    std::size_t room = kShownValueBytes;
    for (const auto &[key, value] : file.metadata()) {
        report.metadata.push_back(describe(key, value, shown));
        const std::size_t used = bytesOf(report.metadata.back().value);
        room -= std::min(room, used);
        if (room == 0)
            shown.arrayElements = shown.textCharacters = 0;
    }
    report.formats = sizesByFormat(file);
    if (const auto spec = readModelSpec(file)) {
        report.specification = summarise(*spec);
        report.memory = memoryNeed(*spec, options.executor, options.scratchBytes);
    } else {
        report.cannotRun = spec.error();
    }
    return report;
}

Result<ModelReport> inspectModel(const std::string &path, const InspectOptions &options)
{
    auto file = GgufFile::open(path);
    if (!file)
        return fail(file.error());
    return inspectFile(*file, options);
}

} // namespace alcove::llm
