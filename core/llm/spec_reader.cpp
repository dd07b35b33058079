#include "core/llm/spec_reader.h"

#include "core/llm/display_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace alcove::llm {

namespace {

constexpr double kTwoPi = 6.283185307179586;

// Metadata that changes the arithmetic of the architectures that have it, with the value that
// leaves everything as it is.
struct Neutral {
    const char *name;
    double value;
};

constexpr Neutral kNeutral[] = {
    {"attention.max_alibi_bias", 0},
    {"attention.clamp_kqv", 0},
    {"attn_logit_softcapping", 0},
    {"final_logit_softcapping", 0},
    {"attention.temperature_scale", 0},
    {"attention.temperature_length", 0},
    {"logit_scale", 1},
    {"embedding_scale", 1},
    {"residual_scale", 1},
    {"rope.scaling.yarn_ext_factor", 1},
    {"rope.scaling.yarn_attn_factor", 1},
    {"rope.scaling.yarn_log_multiplier", 0},
};

// The pair (not rounded) that turns `turns` times over the original context. YaRN leaves pairs that
// turn more than betaFast times as they are, interpolates those that turn less than betaSlow, and
// blends between.
double yarnPair(double turns, double originalContext, double base, std::uint32_t dims)
{
    return double(dims) * std::log(originalContext / (turns * kTwoPi)) / (2.0 * std::log(base));
}

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

std::uint32_t SpecReader::size(const std::string &name, std::uint32_t limit)
{
    const std::uint32_t value = sizeOr(name, limit, 0);
    if (value == 0) {
        setError(broken("its metadata has no usable '" + key(name) + "'").value());
        return 1;
    }
    return value;
}

std::uint32_t SpecReader::sizeOr(const std::string &name, std::uint32_t limit,
                                 std::uint32_t fallback)
{
    if (!m_file.find(key(name)))
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
            setError(broken("'" + key(name) + "' is not a whole number").value());
        return fallback;
    }
    if (*value > limit) {
        setError(broken("'" + key(name) + "' is impossibly large").value());
        return fallback;
    }
    return std::uint32_t(*value);
}

double SpecReader::number(const std::string &name, double least, double most)
{
    const auto value = m_file.number(key(name));
    if (!value || *value < least || *value > most) {
        setError(broken("its metadata has no usable '" + key(name) + "'").value());
        return least;
    }
    return *value;
}

double SpecReader::numberOr(const std::string &name, double least, double most, double fallback)
{
    return m_file.find(key(name)) ? number(name, least, most) : fallback;
}

void SpecReader::refuseUnless(bool supported, const std::string &what)
{
    if (!supported)
        setError(
            {ErrorCode::Unsupported,
             "This " + m_architecture + " model uses " + what + ", which is not supported yet.",
             {}});
}

void SpecReader::refuseUnknownArithmetic()
{
    for (const Neutral &entry : kNeutral) {
        if (m_file.find(key(entry.name)))
            refuseUnless(m_file.number(key(entry.name)) == entry.value,
                         "'" + key(entry.name) + "'");
    }
    if (m_file.find(key("attention.causal")))
        refuseUnless(m_file.boolean(key("attention.causal")) == true,
                     "attention that also looks ahead");
    if (m_file.find(key("use_parallel_residual")))
        refuseUnless(m_file.boolean(key("use_parallel_residual")) == false,
                     "attention and feed-forward in parallel");
}

void SpecReader::refuseUnusedTensors()
{
    for (const Tensor &tensor : m_file.tensors()) {
        if (m_used.count(&tensor) == 0) {
            refuseUnless(false, "the tensor '" + displayText(tensor.name) + "'");
            return;
        }
    }
}

const Tensor *SpecReader::find(const std::string &name)
{
    const Tensor *tensor = m_file.findTensor(name);
    if (tensor)
        m_used.insert(tensor);
    return tensor;
}

const Tensor *SpecReader::matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns)
{
    static const Tensor kNone;
    const Tensor *tensor = find(name);
    if (!tensor) {
        setError(broken("it lacks the tensor '" + name + "'").value());
        return &kNone;
    }
    if (tensor->shape[0] != columns || (rows != 0 && tensor->shape[1] != rows)
        || tensor->shape[2] != 1 || tensor->shape[3] != 1) {
        setError(broken("the tensor '" + name + "' is " + std::to_string(tensor->shape[1]) + " x "
                        + std::to_string(tensor->shape[0]) + " where "
                        + (rows ? std::to_string(rows) : "any number of rows") + " x "
                        + std::to_string(columns) + " was expected")
                     .value());
        return &kNone;
    }
    const TensorTypeInfo *info = tensorTypeInfo(tensor->type);
    if (!info || !info->runnable) {
        setError({ErrorCode::Unsupported,
                  "The tensor '" + name + "' is stored as "
                      + std::string(info ? info->name : "an unknown format")
                      + ", which Alcove cannot run yet; choose the model's Q4_K_M or Q8_0 file.",
                  {}});
        return &kNone;
    }
    return tensor;
}

const Tensor *SpecReader::vectorIfThere(const std::string &name, std::uint64_t length)
{
    const Tensor *tensor = find(name);
    if (!tensor)
        return nullptr;
    if (tensor->elements() != length || tensor->shape[0] != length) {
        setError(broken("the tensor '" + name + "' has " + std::to_string(tensor->elements())
                        + " elements where " + std::to_string(length) + " were expected")
                     .value());
        return nullptr;
    }
    if (tensor->type != TensorType::F32) {
        setError({ErrorCode::Unsupported,
                  "The tensor '" + name + "' is not stored as F32, which Alcove expects of it.",
                  {}});
        return nullptr;
    }
    return tensor;
}

const Tensor *SpecReader::vector(const std::string &name, std::uint64_t length)
{
    const Tensor *tensor = vectorIfThere(name, length);
    if (!tensor)
        setError(broken("it lacks the tensor '" + name + "'").value());
    return tensor;
}

Norm SpecReader::norm(const std::string &name, std::uint64_t width, float epsilon)
{
    Norm norm;
    norm.epsilon = epsilon;
    norm.weight = vector(name + ".weight", width);
    return norm;
}

Linear SpecReader::linear(const std::string &name, std::uint64_t outputs, std::uint64_t inputs,
                          Bias bias)
{
    Linear linear;
    linear.weight = matrix(name + ".weight", outputs, inputs);
    linear.bias = bias == Bias::Required ? vector(name + ".bias", outputs)
                                         : vectorIfThere(name + ".bias", outputs);
    return linear;
}

Result<Rope> SpecReader::rope(RopePairs pairs, std::uint32_t headSize, std::uint32_t trainedContext)
{
    Rope rope;
    rope.pairs = pairs;
    rope.dims = sizeOr("rope.dimension_count", kMaxHeadSize, headSize);
    const double base = numberOr("rope.freq_base", 1.0, 1e12, 10000.0);
    // A factor without a type is a linear one: files older than the type have no other.
    const auto given = m_file.string(key("rope.scaling.type"));
    const std::string scaling(given.value_or("linear"));
    const char *factorKey =
        m_file.find(key("rope.scaling.factor")) ? "rope.scaling.factor" : "rope.scale_linear";
    double factor = numberOr(factorKey, 0.0, 1e6, 1.0);
    if (factor == 0.0)
        factor = 1.0; // how files say that there is none
    refuseUnless(scaling == "none" || scaling == "linear" || scaling == "yarn",
                 "the position scaling '" + displayText(scaling) + "'");
    const Tensor *divisors = vectorIfThere("rope_freqs.weight", rope.dims / 2);
    const double original =
        sizeOr("rope.scaling.original_context_length", kMaxContext, trainedContext);
    const double fast = numberOr("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0);
    const double slow = numberOr("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0);
    const double attention = numberOr("rope.scaling.attn_factor", 1e-3, 1e3, 1.0);
    if (failed())
        return fail(*m_error);
    if (rope.dims == 0 || rope.dims % 2 != 0 || rope.dims > headSize || base <= 1.0)
        return broken("its rotary position settings are impossible");

    double low = 0;
    double high = 0;
    if (scaling == "yarn") {
        if (original < 1)
            return broken("its YaRN settings are impossible");
        low = std::max(0.0, std::floor(yarnPair(fast, original, base, rope.dims)));
        high = std::min(rope.dims - 1.0, std::ceil(yarnPair(slow, original, base, rope.dims)));
        rope.magnitude = float(attention * (1.0 + 0.1 * std::log(std::max(1.0, factor))));
    }
    for (std::uint32_t i = 0; i < rope.dims / 2; ++i) {
        double frequency = std::pow(base, -2.0 * i / rope.dims);
        if (divisors) {
            float divisor = 1;
            dequantise(*divisors, i, 1, &divisor);
            if (!std::isfinite(divisor) || divisor <= 0)
                return broken("its rotary frequencies are impossible");
            frequency /= double(divisor);
        }
        if (scaling == "linear") {
            frequency /= factor;
        } else if (scaling == "yarn") {
            const double ramp = std::clamp((i - low) / std::max(0.001, high - low), 0.0, 1.0);
            frequency = frequency / factor * ramp + frequency * (1.0 - ramp);
        }
        if (frequency > std::numeric_limits<float>::max())
            return broken("its rotary frequencies are impossible");
        rope.frequencies.push_back(float(frequency));
    }
    return rope;
}

} // namespace alcove::llm
