#include "core/llm/spec_reader.h"

#include <algorithm>
#include <utility>

namespace alcove::llm {

namespace {

constexpr double kTwoPi = 6.283185307179586;

// YaRN blends each pair between plain and interpolated frequencies: a pair that turns more than
// betaFast times over the original context stays, one that turns less than betaSlow is
// interpolated.
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

double SpecReader::number(const std::string &name)
{
    const auto value = m_file.number(key(name));
    if (!value)
        setError(broken("its metadata has no usable '" + key(name) + "'").value());
    return value.value_or(1.0);
}

double SpecReader::numberOr(const std::string &name, double fallback)
{
    return m_file.number(key(name)).value_or(fallback);
}

void SpecReader::refuseUnless(bool supported, const std::string &what)
{
    if (!supported)
        setError(
            {ErrorCode::Unsupported,
             "This " + m_architecture + " model uses " + what + ", which is not supported yet.",
             {}});
}

const Tensor *SpecReader::matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns)
{
    static const Tensor kNone;
    const Tensor *tensor = m_file.findTensor(name);
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
                      + ", which Alcove cannot run yet; choose the model's Q4_K_M, Q8_0 or another "
                        "file.",
                  {}});
        return &kNone;
    }
    return tensor;
}

const Tensor *SpecReader::vectorIfThere(const std::string &name, std::uint64_t length)
{
    const Tensor *tensor = m_file.findTensor(name);
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
    rope.dims = sizeOr("rope.dimension_count", 4096, headSize);
    const double base = numberOr("rope.freq_base", 10000.0);
    if (failed())
        return fail(*m_error);
    if (rope.dims == 0 || rope.dims % 2 != 0 || rope.dims > headSize || base <= 1.0)
        return broken("its rotary position settings are impossible");

    const std::string scaling(m_file.string(key("rope.scaling.type")).value_or("none"));
    const double factor = numberOr("rope.scaling.factor", 1.0);
    if (scaling != "none" && scaling != "linear" && scaling != "yarn")
        return fail(ErrorCode::Unsupported,
                    "This model scales its positions by '" + scaling.substr(0, 64)
                        + "', which is not supported yet.");
    if (factor <= 0)
        return broken("its position scaling is impossible");

    const Tensor *divisors = vectorIfThere("rope_freqs.weight", rope.dims / 2);
    if (failed())
        return fail(*m_error);
    double low = 0;
    double high = 0;
    if (scaling == "yarn") {
        const double original =
            sizeOr("rope.scaling.original_context_length", 1u << 30, trainedContext);
        const double fast = numberOr("rope.scaling.yarn_beta_fast", 32.0);
        const double slow = numberOr("rope.scaling.yarn_beta_slow", 1.0);
        if (failed())
            return fail(*m_error);
        if (original < 1 || fast <= 0 || slow <= 0)
            return broken("its YaRN settings are impossible");
        low = std::max(0.0, std::floor(yarnPair(fast, original, base, rope.dims)));
        high = std::min(rope.dims - 1.0, std::ceil(yarnPair(slow, original, base, rope.dims)));
        const double attention = numberOr("rope.scaling.attn_factor", 1.0);
        rope.magnitude = float(attention * (1.0 + 0.1 * std::log(factor)));
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
        rope.frequencies.push_back(float(frequency));
    }
    return rope;
}

} // namespace alcove::llm
