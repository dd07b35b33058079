// The rotary position encoding of a file, folded into frequencies.
#include "core/llm/spec_reader.h"

#include "core/llm/display_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alcove::llm {

namespace {

constexpr double kTwoPi = 6.283185307179586;

// The pair (not rounded) that turns `turns` times over the original context. YaRN leaves pairs that
// turn more than betaFast times as they are, interpolates those that turn less than betaSlow, and
// blends between.
double yarnPair(double turns, double originalContext, double base, std::uint32_t dims)
{
    return double(dims) * std::log(originalContext / (turns * kTwoPi)) / (2.0 * std::log(base));
}

} // namespace

std::vector<double> SpecReader::frequencies(std::uint32_t dims, double base, const Tensor *divisors)
{
    std::vector<double> frequencies;
    for (std::uint32_t i = 0; i < dims / 2; ++i) {
        double frequency = std::pow(base, -2.0 * i / dims);
        if (divisors) {
            float divisor = 1;
            dequantise(*divisors, i, 1, &divisor);
            if (!std::isfinite(divisor) || divisor == 0) {
                refuse("its rotary frequencies are impossible");
                divisor = 1;
            }
            frequency /= double(divisor);
        }
        if (std::abs(frequency) > double(std::numeric_limits<float>::max()))
            refuse("its rotary frequencies are impossible");
        frequencies.push_back(frequency);
    }
    return frequencies;
}

Rope SpecReader::rope(const RopeRequest &request)
{
    Rope rope;
    rope.pairs = request.pairs;
    rope.dims = sizeOr("rope.dimension_count", kMaxHeadSize, request.headSize);
    const double base = numberOr(request.baseKey, 1.0, 1e12, request.base);
    // A factor without a type is a linear one: files older than the type have no other.
    const auto given = m_file.string(key("rope.scaling.type"));
    std::string scaling(given.value_or("linear"));
    const char *factorKey =
        has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
    double factor = double(this->factor(factorKey));
    // Phi 3 names its factors per pair so, with which its files carry no other scaling.
    if (scaling == "longrope" && hasTensor("rope_factors_long.weight")) {
        scaling = "none";
    }
    refuseUnless(scaling == "none" || scaling == "linear" || scaling == "yarn",
                 "the position scaling '" + displayText(scaling) + "'");
    const double original =
        sizeOr("rope.scaling.original_context_length", kMaxContext, request.trainedContext);
    const double fast = numberOr("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0);
    const double slow = numberOr("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0);
    const double attention = numberOr("rope.scaling.attn_factor", 1e-3, 1e3, 1.0);
    if (scaling == "yarn") {
        // Neither a share of YaRN's blend nor another attention factor than its own.
        const double share = numberOr("rope.scaling.yarn_ext_factor", -1.0, 1e3, 1.0);
        refuseUnless(share == 1.0 || share == -1.0,
                     "'" + key("rope.scaling.yarn_ext_factor") + "'");
        refuseUnless(numberOr("rope.scaling.yarn_attn_factor", -1e3, 1e3, 1.0) == 1.0,
                     "'" + key("rope.scaling.yarn_attn_factor") + "'");
    }
    if (request.scaling == RopeScaling::None) {
        scaling = "none";
    }
    if (scaling == "none")
        factor = 1.0;
    if (rope.dims == 0 || rope.dims % 2 != 0 || rope.dims > request.headSize || base <= 1.0)
        refuse("its rotary position settings are impossible");
    if (scaling == "yarn" && original < 1)
        refuse("its YaRN settings are impossible");
    const Tensor *divisors = vectorIfThere("rope_freqs.weight", rope.dims / 2);
    const Tensor *shortDivisors = vectorIfThere("rope_factors_short.weight", rope.dims / 2);
    const Tensor *longDivisors = vectorIfThere("rope_factors_long.weight", rope.dims / 2);
    if (failed())
        return rope;
    if ((shortDivisors == nullptr) != (longDivisors == nullptr)) {
        refuse("it has rotary factors for one length of context only");
        return rope;
    }

    double low = 0;
    double high = 0;
    rope.magnitude = request.scaling == RopeScaling::None ? 1.0f : float(attention);
    if (scaling == "yarn") {
        low = std::max(0.0, std::floor(yarnPair(fast, original, base, rope.dims)));
        high = std::min(rope.dims - 1.0, std::ceil(yarnPair(slow, original, base, rope.dims)));
        rope.magnitude = float(attention * (1.0 + 0.1 * std::log(std::max(1.0, factor))));
    }
    const auto scaled = [&](const std::vector<double> &table) {
        std::vector<float> result;
        for (std::size_t i = 0; i < table.size(); ++i) {
            double frequency = table[i];
            if (scaling == "linear") {
                frequency /= factor;
            } else if (scaling == "yarn") {
                const double ramp =
                    std::clamp((double(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
                frequency = frequency / factor * ramp + frequency * (1.0 - ramp);
            }
            result.push_back(float(frequency));
        }
        return result;
    };
    rope.frequencies =
        scaled(frequencies(rope.dims, base, shortDivisors ? shortDivisors : divisors));
    if (longDivisors) {
        rope.longFrequencies = scaled(frequencies(rope.dims, base, longDivisors));
        rope.originalContext = std::uint32_t(original);
    }
    return rope;
}

} // namespace alcove::llm
