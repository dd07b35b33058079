#include "core/llm/spec_reader.h"

#include "core/llm/display_text.h"
#include "core/llm/gguf_value.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace alcove::llm {

namespace {

// What stands in for a tensor that was refused: one element that reads as NaN.
const Tensor kNone;

// Metadata that changes the arithmetic of the architectures that have it, with the values that
// leave everything as it is. An architecture that computes with one reads it, one that has no use
// for one ignores it by name.
struct Neutral {
    const char *name;
    double value;
    double alsoNeutral;
};

constexpr Neutral kNeutral[] = {
    {"attention.max_alibi_bias", 0, 0},
    {"attention.clamp_kqv", 0, 0},
    {"attention.output_scale", 0, 1},
    {"attention.value_scale", 0, 1},
    {"attention.scale", 0, 0},
    {"attention.sliding_window", 0, 0},
    {"attention.temperature_length", 0, 0},
    {"attention.temperature_scale", 0, 0},
    {"attn_logit_softcapping", 0, 0},
    {"embedding_scale", 0, 1},
    {"expert_count", 0, 0},
    {"expert_group_count", 0, 1},
    {"expert_shared_count", 0, 0},
    {"final_logit_softcapping", 0, 0},
    {"interleave_moe_layer_step", 0, 1},
    {"leading_dense_block_count", 0, 0},
    {"logit_scale", 0, 1},
    {"moe_every_n_layers", 0, 0},
    {"nextn_predict_layers", 0, 0},
    {"rescale_every_n_layers", 0, 0},
    {"residual_scale", 0, 1},
    {"rope.scaling.yarn_log_multiplier", 0, 0},
    {"router_logit_softcapping", 0, 0},
};

} // namespace

SpecReader::SpecReader(const GgufFile &file, std::string architecture)
    : m_file(file), m_architecture(std::move(architecture))
{ }

tl::unexpected<Error> SpecReader::broken(const std::string &what) const
{
    return fail(ErrorCode::InvalidFile,
                "The model file " + m_file.path() + " cannot be used: " + what + ".");
}

void SpecReader::setError(Error error)
{
    if (!m_error)
        m_error = std::move(error);
}

void SpecReader::refuse(const std::string &what)
{
    setError(broken(what).value());
}

void SpecReader::refuseUnless(bool supported, const std::string &what)
{
    if (!supported)
        setError(
            {ErrorCode::Unsupported,
             "This " + m_architecture + " model uses " + what + ", which is not supported yet.",
             {}});
}

std::uint32_t SpecReader::size(const std::string &name, std::uint32_t limit)
{
    const std::uint32_t value = sizeOr(name, limit, 0);
    if (value == 0) {
        refuse("its metadata has no usable '" + key(name) + "'");
        return 1;
    }
    return value;
}

std::uint32_t SpecReader::sizeOr(const std::string &name, std::uint32_t limit,
                                 std::uint32_t fallback)
{
    m_readKeys.insert(name);
    if (!has(name))
        return fallback;
    const auto value = m_file.unsignedInteger(key(name));
    if (!value) {
        // Some models give a size per layer.
        const auto each = m_file.integers(key(name));
        if (each && !each->empty()
            && std::all_of(each->begin(), each->end(), [&](auto v) { return v == each->front(); })
            && each->front() >= 0 && std::uint64_t(each->front()) <= limit)
            return std::uint32_t(each->front());
        if (each && !each->empty())
            setError({ErrorCode::Unsupported,
                      "This model gives '" + key(name)
                          + "' for each layer apart, which is not supported yet.",
                      {}});
        else
            refuse("'" + key(name) + "' is not a whole number");
        return fallback;
    }
    if (*value > limit) {
        refuse("'" + key(name) + "' is impossibly large");
        return fallback;
    }
    return std::uint32_t(*value);
}

std::vector<std::uint32_t> SpecReader::sizesOr(const std::string &name, std::uint32_t limit,
                                               std::uint32_t count, std::uint32_t fallback)
{
    const auto each = m_file.integers(key(name));
    if (!each)
        return std::vector<std::uint32_t>(count, sizeOr(name, limit, fallback));
    m_readKeys.insert(name);
    std::vector<std::uint32_t> sizes(count, fallback);
    if (each->size() < count)
        refuse("'" + key(name) + "' does not have a size for each layer");
    for (std::size_t i = 0; i < count && !failed(); ++i) {
        if ((*each)[i] < 0 || std::uint64_t((*each)[i]) > limit)
            refuse("'" + key(name) + "' has an impossible size");
        else
            sizes[i] = std::uint32_t((*each)[i]);
    }
    return sizes;
}

std::vector<bool> SpecReader::flagsIfListed(const std::string &name, std::uint32_t count)
{
    m_readKeys.insert(name);
    const GgufValue *value = m_file.find(key(name));
    if (!value || value->type != GgufValueType::Array)
        return {};
    const std::size_t each = scalarBytes(value->elementType);
    if (each == 0 || value->count < count) {
        refuse("'" + key(name) + "' does not have a flag for each layer");
        return {};
    }
    std::vector<bool> flags(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto one = value->bytes.subspan(i * each, each);
        flags[i] =
            std::any_of(one.begin(), one.end(), [](std::byte b) { return b != std::byte(0); });
    }
    return flags;
}

bool SpecReader::flagOr(const std::string &name, bool fallback)
{
    m_readKeys.insert(name);
    if (!has(name))
        return fallback;
    const auto value = m_file.boolean(key(name));
    if (!value)
        refuse("'" + key(name) + "' is neither true nor false");
    return value.value_or(fallback);
}

double SpecReader::number(const std::string &name, double least, double most)
{
    m_readKeys.insert(name);
    const auto value = m_file.number(key(name));
    if (!value || !(*value >= least && *value <= most)) {
        refuse("its metadata has no usable '" + key(name) + "'");
        return least;
    }
    return *value;
}

double SpecReader::numberOr(const std::string &name, double least, double most, double fallback)
{
    m_readKeys.insert(name);
    return has(name) ? number(name, least, most) : fallback;
}

float SpecReader::factor(const std::string &name)
{
    const double value = numberOr(name, 0.0, 1e6, 1.0);
    return value == 0.0 ? 1.0f : float(value);
}

void SpecReader::refuseUnknownArithmetic()
{
    for (const Neutral &entry : kNeutral) {
        if (!has(entry.name) || m_readKeys.count(entry.name))
            continue;
        const auto value = m_file.number(key(entry.name));
        refuseUnless(value && (*value == entry.value || *value == entry.alsoNeutral),
                     "'" + key(entry.name) + "'");
    }
    const auto refuseFlag = [&](const char *name, bool neutral, const char *what) {
        if (has(name) && !m_readKeys.count(name))
            refuseUnless(m_file.boolean(key(name)) == neutral, what);
    };
    refuseFlag("attention.causal", true, "attention that also looks ahead");
    refuseFlag("use_parallel_residual", false, "attention and feed-forward in parallel");
    refuseFlag("swin_norm", false, "'swin_norm'");
    refuseFlag("ssm.dt_b_c_rms", false, "'ssm.dt_b_c_rms'");
}

void SpecReader::refuseUnusedTensors()
{
    for (const Tensor &tensor : m_file.tensors()) {
        if (m_used.count(&tensor))
            continue;
        const bool ignored =
            std::any_of(m_ignoredTensors.begin(), m_ignoredTensors.end(), [&](const auto &prefix) {
                return tensor.name.compare(0, prefix.size(), prefix) == 0;
            });
        if (!ignored) {
            refuseUnless(false, "the tensor '" + displayText(tensor.name) + "'");
            return;
        }
    }
}

Result<ModelSpec> SpecReader::finish(ModelSpec spec)
{
    if (!failed())
        refuseUnknownArithmetic();
    if (!failed())
        refuseUnusedTensors();
    if (failed())
        return fail(*m_error);
    spec.views = std::move(m_views);
    return spec;
}

const Tensor *SpecReader::find(const std::string &name)
{
    const Tensor *tensor = m_file.findTensor(name);
    if (tensor)
        m_used.insert(tensor);
    return tensor;
}

bool SpecReader::runnable(const Tensor &tensor)
{
    const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
    if (info && info->runnable)
        return true;
    setError({ErrorCode::Unsupported,
              "The tensor '" + tensor.name + "' is stored as "
                  + std::string(info ? info->name : "an unknown format")
                  + ", which Alcove cannot run yet; choose the model's Q4_K_M or Q8_0 file.",
              {}});
    return false;
}

const Tensor *SpecReader::matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns)
{
    const Tensor *tensor = find(name);
    if (!tensor) {
        refuse("it lacks the tensor '" + name + "'");
        return &kNone;
    }
    if (tensor->shape[0] != columns || (rows != 0 && tensor->shape[1] != rows)
        || tensor->shape[2] != 1 || tensor->shape[3] != 1) {
        refuse("the tensor '" + name + "' is " + std::to_string(tensor->shape[1]) + " x "
               + std::to_string(tensor->shape[0]) + " where "
               + (rows ? std::to_string(rows) : "any number of rows") + " x "
               + std::to_string(columns) + " was expected");
        return &kNone;
    }
    return runnable(*tensor) ? tensor : &kNone;
}

const Tensor *SpecReader::floats(const Tensor *tensor)
{
    if (tensor && tensor->type != TensorType::F32) {
        setError(
            {ErrorCode::Unsupported,
             "The tensor '" + tensor->name + "' is not stored as F32, which Alcove expects of it.",
             {}});
        return nullptr;
    }
    return tensor;
}

const Tensor *SpecReader::vectorIfThere(const std::string &name, std::uint64_t length)
{
    const Tensor *tensor = find(name);
    if (!tensor)
        return nullptr;
    if (tensor->elements() != length || tensor->shape[0] != length) {
        refuse("the tensor '" + name + "' has " + std::to_string(tensor->elements())
               + " elements where " + std::to_string(length) + " were expected");
        return nullptr;
    }
    return floats(tensor);
}

const Tensor *SpecReader::vector(const std::string &name, std::uint64_t length)
{
    const Tensor *tensor = vectorIfThere(name, length);
    if (!tensor)
        refuse("it lacks the tensor '" + name + "'");
    return tensor;
}

const Tensor *SpecReader::values(const std::string &name, std::uint64_t elements)
{
    const Tensor *tensor = find(name);
    if (!tensor)
        refuse("it lacks the tensor '" + name + "'");
    else if (tensor->elements() != elements)
        refuse("the tensor '" + name + "' has " + std::to_string(tensor->elements())
               + " elements where " + std::to_string(elements) + " were expected");
    return floats(tensor);
}

const Tensor *SpecReader::filter(const std::string &name, std::uint64_t channels,
                                 std::uint64_t taps)
{
    return floats(matrix(name, channels, taps));
}

Norm SpecReader::normIfThere(const std::string &name, std::uint64_t width, float epsilon,
                             NormKind kind)
{
    return hasTensor(name + ".weight") ? norm(name, width, epsilon, kind) : Norm();
}

Norm SpecReader::norm(const std::string &name, std::uint64_t width, float epsilon, NormKind kind)
{
    Norm norm;
    norm.kind = kind;
    norm.epsilon = epsilon;
    norm.weight = vector(name + ".weight", width);
    if (kind == NormKind::Layer)
        norm.bias = vectorIfThere(name + ".bias", width);
    return norm;
}

Linear SpecReader::linear(const std::string &name, std::uint64_t outputs, std::uint64_t inputs,
                          Bias bias)
{
    Linear linear;
    linear.weight = matrix(name + ".weight", outputs, inputs);
    if (bias == Bias::Required)
        linear.bias = vector(name + ".bias", outputs);
    else if (bias == Bias::Optional)
        linear.bias = vectorIfThere(name + ".bias", outputs);
    return linear;
}

ExpertMatrices SpecReader::expertMatrices(const std::string &name, std::uint64_t experts,
                                          std::uint64_t outputs, std::uint64_t inputs, Bias bias)
{
    ExpertMatrices matrices{&kNone, nullptr};
    const Tensor *tensor = find(name + ".weight");
    if (!tensor) {
        refuse("it lacks the tensor '" + name + ".weight'");
    } else if (tensor->shape[0] != inputs || tensor->shape[1] != outputs
               || tensor->shape[2] != experts || tensor->shape[3] != 1) {
        refuse("the tensor '" + name + ".weight' is " + std::to_string(tensor->shape[2]) + " x "
               + std::to_string(tensor->shape[1]) + " x " + std::to_string(tensor->shape[0])
               + " where " + std::to_string(experts) + " x " + std::to_string(outputs) + " x "
               + std::to_string(inputs) + " was expected");
    } else if (runnable(*tensor)) {
        matrices.weight = tensor;
    }
    if (bias == Bias::Required || (bias == Bias::Optional && hasTensor(name + ".bias")))
        matrices.bias = filter(name + ".bias", experts, outputs);
    return matrices;
}

const Tensor *SpecReader::part(const Tensor &whole, std::uint64_t first, std::uint64_t count)
{
    // A vector's parts are elements, a matrix's rows; both lie together in the file.
    const bool vector = whole.rank == 1;
    const std::uint64_t units = vector ? whole.shape[0] : whole.shape[1];
    if (failed() || units == 0 || first > units || count > units - first)
        return &kNone;
    auto view = std::make_shared<Tensor>(whole);
    view->name += "[" + std::to_string(first) + ":" + std::to_string(first + count) + "]";
    view->shape[vector ? 0 : 1] = count;
    const std::size_t bytes = whole.data.size() / units;
    view->data = whole.data.subspan(std::size_t(first) * bytes, std::size_t(count) * bytes);
    m_views.push_back(view);
    return view.get();
}

Linear SpecReader::rows(const Linear &whole, std::uint64_t first, std::uint64_t count)
{
    Linear view;
    view.weight = part(*whole.weight, first, count);
    if (whole.bias)
        view.bias = part(*whole.bias, first, count);
    return view;
}

} // namespace alcove::llm
