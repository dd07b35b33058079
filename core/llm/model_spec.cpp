#include "core/llm/model_spec.h"

#include "core/llm/display_text.h"
#include "core/llm/spec_reader.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <new>
#include <unordered_set>

namespace alcove::llm {

namespace {

// What tells the decoders of the llama family apart.
struct Family {
    std::string_view architecture;
    RopePairs pairs;
    enum class Biases { None, QueryKeyValue } biases;
    enum class HeadNorms { None, QueryAndKey } headNorms;
};

constexpr Family kFamilies[] = {
    {"llama", RopePairs::Adjacent, Family::Biases::None, Family::HeadNorms::None},
    {"qwen2", RopePairs::SplitHalf, Family::Biases::QueryKeyValue, Family::HeadNorms::None},
    {"qwen3", RopePairs::SplitHalf, Family::Biases::None, Family::HeadNorms::QueryAndKey},
};

Result<Layer> readLayer(SpecReader &reader, const ModelSpec &spec, const Family &family,
                        const Attention &shape, std::uint32_t hidden, float epsilon,
                        std::uint32_t index)
{
    const std::string block = "blk." + std::to_string(index) + ".";
    const std::uint64_t queryWidth = std::uint64_t(shape.heads) * shape.headSize;
    const std::uint64_t kvWidth = std::uint64_t(shape.kvHeads) * shape.headSize;

    Layer layer;
    layer.mixerNorm = reader.norm(block + "attn_norm", spec.width, epsilon);
    Attention attention = shape;
    // The llama family's files carry biases only where the model was trained with them.
    const auto biases = family.biases == Family::Biases::QueryKeyValue ? SpecReader::Bias::Required
                                                                       : SpecReader::Bias::Optional;
    attention.query = reader.linear(block + "attn_q", queryWidth, spec.width, biases);
    attention.key = reader.linear(block + "attn_k", kvWidth, spec.width, biases);
    attention.value = reader.linear(block + "attn_v", kvWidth, spec.width, biases);
    attention.output =
        reader.linear(block + "attn_output", spec.width, queryWidth, SpecReader::Bias::Optional);
    if (family.headNorms == Family::HeadNorms::QueryAndKey) {
        attention.queryNorm = reader.norm(block + "attn_q_norm", shape.headSize, epsilon);
        attention.keyNorm = reader.norm(block + "attn_k_norm", shape.headSize, epsilon);
    }
    layer.mixer = std::move(attention);
    layer.feedForwardNorm = reader.norm(block + "ffn_norm", spec.width, epsilon);
    DenseFeedForward feedForward;
    feedForward.gate =
        reader.linear(block + "ffn_gate", hidden, spec.width, SpecReader::Bias::Optional);
    feedForward.up =
        reader.linear(block + "ffn_up", hidden, spec.width, SpecReader::Bias::Optional);
    feedForward.down =
        reader.linear(block + "ffn_down", spec.width, hidden, SpecReader::Bias::Optional);
    layer.feedForward = feedForward;
    if (reader.failed())
        return fail(reader.error());
    return layer;
}

// "models/Llama.Q8_0.gguf" -> "Llama.Q8_0". By hand: std::filesystem would need the path's
// encoding to be the system's.
std::string fileStem(std::string_view path)
{
    const std::size_t slash = path.find_last_of("/\\");
    if (slash != std::string_view::npos)
        path.remove_prefix(slash + 1);
    return std::string(path.substr(0, path.rfind('.')));
}

Result<Attention> readAttention(SpecReader &reader, const Family &family, const ModelSpec &spec)
{
    Attention shape;
    shape.heads = reader.size("attention.head_count", kMaxHeads);
    shape.kvHeads = reader.sizeOr("attention.head_count_kv", kMaxHeads, shape.heads);
    shape.headSize = reader.sizeOr("attention.key_length", kMaxHeadSize, spec.width / shape.heads);
    const std::uint32_t valueSize =
        reader.sizeOr("attention.value_length", kMaxHeadSize, shape.headSize);
    if (reader.failed())
        return fail(reader.error());
    if (shape.kvHeads == 0 || shape.heads % shape.kvHeads != 0)
        return reader.broken("its query heads do not divide among its key heads");
    if (shape.headSize == 0 || shape.headSize > kMaxHeadSize)
        return reader.broken("the size of its heads is impossible");
    reader.refuseUnless(valueSize == shape.headSize, "values of another width than the keys");
    shape.scale = float(reader.numberOr("attention.scale", 0.0, 1e3, 0.0));
    if (shape.scale == 0.0f)
        shape.scale = 1.0f / std::sqrt(float(shape.headSize));
    auto rope = reader.rope(family.pairs, shape.headSize, spec.trainedContext);
    if (!rope)
        return fail(rope.error());
    shape.rope = std::move(*rope);
    return shape;
}

Result<ModelSpec> readFamily(const GgufFile &file, const Family &family)
{
    SpecReader reader(file, std::string(family.architecture));
    ModelSpec spec;
    spec.architecture = family.architecture;
    spec.name = displayText(file.string("general.name").value_or(""), 200);
    if (spec.name.empty())
        spec.name = fileStem(file.path());

    reader.refuseUnless(reader.sizeOr("expert_count", 1u << 16, 0) == 0, "experts");
    reader.refuseUnknownArithmetic();
    spec.width = reader.size("embedding_length", kMaxWidth);
    const std::uint32_t layers = reader.size("block_count", kMaxLayers);
    const std::uint32_t hidden = reader.size("feed_forward_length", kMaxHidden);
    spec.trainedContext = reader.size("context_length", kMaxContext);
    const auto epsilon = float(reader.number("attention.layer_norm_rms_epsilon", 1e-12, 1.0));
    if (reader.failed())
        return fail(reader.error());
    auto attention = readAttention(reader, family, spec);
    if (!attention)
        return fail(attention.error());
    // Up to its length a sliding window is plain attention; beyond it the model would see other
    // keys than it was trained on.
    if (const auto window = reader.sizeOr("attention.sliding_window", kMaxContext, 0))
        spec.trainedContext = std::min(spec.trainedContext, window);

    spec.embedding = reader.matrix("token_embd.weight", 0, spec.width);
    if (reader.failed())
        return fail(reader.error());
    if (spec.embedding->shape[1] > kMaxVocabulary)
        return reader.broken("its vocabulary is impossibly large");
    spec.vocabulary = std::uint32_t(spec.embedding->shape[1]);
    if (const GgufValue *tokens = file.find("tokenizer.ggml.tokens");
        tokens && tokens->count != spec.vocabulary)
        return reader.broken("it lists " + std::to_string(tokens->count) + " tokens and embeds "
                             + std::to_string(spec.vocabulary));
    for (std::uint32_t i = 0; i < layers; ++i) {
        auto layer = readLayer(reader, spec, family, *attention, hidden, epsilon, i);
        if (!layer)
            return fail(layer.error());
        spec.layers.push_back(std::move(*layer));
    }
    spec.outputNorm = reader.norm("output_norm", spec.width, epsilon);
    spec.tiedEmbedding = !file.findTensor("output.weight");
    if (spec.tiedEmbedding)
        spec.output.weight = spec.embedding;
    else
        spec.output =
            reader.linear("output", spec.vocabulary, spec.width, SpecReader::Bias::Optional);
    reader.refuseUnusedTensors();
    if (reader.failed())
        return fail(reader.error());
    return spec;
}

// Every tensor of the specification, each once.
std::vector<const Tensor *> tensorsOf(const ModelSpec &spec)
{
    std::vector<const Tensor *> found;
    std::unordered_set<const Tensor *> seen;
    const auto add = [&](const Tensor *tensor) {
        if (tensor && seen.insert(tensor).second)
            found.push_back(tensor);
    };
    const auto addNorm = [&](const Norm &norm) {
        add(norm.weight);
        add(norm.bias);
    };
    const auto addLinear = [&](const Linear &linear) {
        add(linear.weight);
        add(linear.bias);
    };
    add(spec.embedding);
    for (const Layer &layer : spec.layers) {
        addNorm(layer.mixerNorm);
        addNorm(layer.feedForwardNorm);
        if (const auto *attention = std::get_if<Attention>(&layer.mixer)) {
            for (const Linear *linear :
                 {&attention->query, &attention->key, &attention->value, &attention->output})
                addLinear(*linear);
            for (const auto *norm : {&attention->queryNorm, &attention->keyNorm}) {
                if (*norm)
                    addNorm(**norm);
            }
        }
        if (const auto *dense = std::get_if<DenseFeedForward>(&layer.feedForward)) {
            for (const Linear *linear : {&dense->gate, &dense->up, &dense->down})
                addLinear(*linear);
        }
    }
    addNorm(spec.outputNorm);
    addLinear(spec.output);
    return found;
}

} // namespace

bool ModelSpec::isRecurrent() const
{
    return std::any_of(layers.begin(), layers.end(), [](const Layer &layer) {
        return !std::holds_alternative<Attention>(layer.mixer);
    });
}

std::uint64_t ModelSpec::parameterCount() const
{
    std::uint64_t count = 0;
    for (const Tensor *tensor : tensorsOf(*this))
        count += tensor->elements();
    return count;
}

std::uint64_t ModelSpec::weightBytes() const
{
    std::uint64_t bytes = 0;
    for (const Tensor *tensor : tensorsOf(*this))
        bytes += tensor->data.size();
    return bytes;
}

std::uint64_t ModelSpec::kvBytesPerPosition(std::uint32_t bytesPerElement) const
{
    std::uint64_t bytes = 0;
    for (const Layer &layer : layers) {
        if (const auto *attention = std::get_if<Attention>(&layer.mixer))
            bytes += 2ull * attention->kvHeads * attention->headSize * bytesPerElement;
    }
    return bytes;
}

Result<ModelSpec> readModelSpec(const GgufFile &file)
{
    const auto architecture = file.string("general.architecture");
    if (!architecture)
        return fail(ErrorCode::InvalidFile,
                    "The model file " + file.path() + " does not say what architecture it has.");
    if (file.unsignedInteger("split.count").value_or(0) > 1)
        return fail(ErrorCode::Unsupported,
                    file.path()
                        + " is one part of a model that was split into several files, which is "
                          "not supported yet.");
    if (file.string("general.type") == "adapter")
        return fail(ErrorCode::Unsupported,
                    file.path() + " is an adapter for another model, not a model.");
    const auto family =
        std::find_if(std::begin(kFamilies), std::end(kFamilies),
                     [&](const Family &f) { return f.architecture == *architecture; });
    if (family == std::end(kFamilies))
        return fail(ErrorCode::Unsupported,
                    "This model's architecture '" + displayText(*architecture)
                        + "' is not supported yet; Alcove runs llama (also Mistral), qwen2 and "
                          "qwen3.");
    if (file.tensors().empty())
        return fail(ErrorCode::Unsupported,
                    file.path() + " holds a vocabulary only; there is no model in it to run.");
    return readFamily(file, *family);
}

Result<std::shared_ptr<const Model>> Model::open(const std::string &path)
{
    auto file = GgufFile::open(path);
    if (!file)
        return fail(file.error());
    try {
        auto model = std::make_shared<Model>();
        model->m_file = std::move(*file);
        auto spec = readModelSpec(model->m_file); // after the move: it points into this file
        if (!spec)
            return fail(spec.error());
        model->m_spec = std::move(*spec);
        return model;
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the model file.");
    }
}

} // namespace alcove::llm
