// SpecReader: checked access to the metadata and tensors of one architecture.
//
// Keeps the first error, so that a specification reads as a list of what it needs; after an error
// every further answer is a harmless default (finish() gives the error). One use, one thread.
#pragma once

#include "core/llm/model_spec.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace alcove::llm {

// Bounds of sizes, far above any published model.
inline constexpr std::uint32_t kMaxLayers = 1024;
inline constexpr std::uint32_t kMaxWidth = 1u << 20;
inline constexpr std::uint32_t kMaxHidden = 1u << 22;
inline constexpr std::uint32_t kMaxHeads = 4096;
inline constexpr std::uint32_t kMaxHeadSize = 1024;
inline constexpr std::uint32_t kMaxContext = 1u << 30;
inline constexpr std::uint32_t kMaxVocabulary = 1u << 24;
inline constexpr std::uint32_t kMaxExperts = 4096;
inline constexpr std::uint32_t kMaxRecurrentState = 1u << 26; // numbers, of one layer

class SpecReader
{
public:
    enum class Bias { None, Optional, Required };
    enum class RopeScaling {
        FromFile, // what rope.scaling.* says
        None, // gemma3's sliding layers
    };
    struct RopeRequest {
        RopePairs pairs = RopePairs::Adjacent;
        std::uint32_t headSize = 0;
        std::uint32_t trainedContext = 0;
        std::string baseKey = "rope.freq_base";
        double base = 10000.0; // when the file has no `baseKey`
        RopeScaling scaling = RopeScaling::FromFile;
    };

    SpecReader(const GgufFile &file, std::string architecture);

    const GgufFile &file() const { return m_file; }
    const std::string &architecture() const { return m_architecture; }
    bool failed() const { return m_error.has_value(); }
    void refuse(const std::string &what); // InvalidFile: "The model file ... cannot be used: what."
    // Unsupported, as in "This llama model uses experts, ...".
    void refuseUnless(bool supported, const std::string &what);

    // Metadata, keys without the architecture's prefix. Sizes are at least 1 and at most `limit`;
    // a list with one size for each layer is accepted when they are all the same.
    bool has(const std::string &name) const { return m_file.find(key(name)) != nullptr; }
    std::uint32_t size(const std::string &name, std::uint32_t limit);
    std::uint32_t sizeOr(const std::string &name, std::uint32_t limit,
                         std::uint32_t fallback); // 0 allowed
    // One size for each of `count` layers; a single one counts for all. 0 allowed.
    std::vector<std::uint32_t> sizesOr(const std::string &name, std::uint32_t limit,
                                       std::uint32_t count, std::uint32_t fallback);
    // One flag for each of `count` layers (booleans or 0 and 1); empty when the file has no list.
    std::vector<bool> flagsIfListed(const std::string &name, std::uint32_t count);
    bool flagOr(const std::string &name, bool fallback);
    // Finite and within [least, most].
    double number(const std::string &name, double least, double most);
    double numberOr(const std::string &name, double least, double most, double fallback);
    // A factor; not there, or 0, which is how files say that there is none: 1.
    float factor(const std::string &name);
    // Says that the architecture does not compute with this metadata, whatever its value.
    void ignore(const std::string &name) { m_readKeys.insert(name); }
    // Says that tensors whose names begin so take no part in what we compute.
    void ignoreTensors(std::string prefix) { m_ignoredTensors.push_back(std::move(prefix)); }

    // Tensors; rows 0: any. Refuses a missing tensor, a wrong shape and a format we cannot run.
    bool hasTensor(const std::string &name) const { return m_file.findTensor(name) != nullptr; }
    const Tensor *matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns);
    const Tensor *vector(const std::string &name, std::uint64_t length); // F32
    const Tensor *vectorIfThere(const std::string &name, std::uint64_t length);
    // F32 of this many elements in whatever shape: [heads][1], [groups][size].
    const Tensor *values(const std::string &name, std::uint64_t elements);
    const Tensor *filter(const std::string &name, std::uint64_t channels,
                         std::uint64_t taps); // F32 [channels][taps]
    Norm norm(const std::string &name, std::uint64_t width, float epsilon,
              NormKind kind = NormKind::Rms); // a layer norm has a bias where the file has one
    Norm normIfThere(const std::string &name, std::uint64_t width, float epsilon,
                     NormKind kind = NormKind::Rms);
    Linear linear(const std::string &name, std::uint64_t outputs, std::uint64_t inputs, Bias bias);
    ExpertMatrices expertMatrices(const std::string &name, std::uint64_t experts,
                                  std::uint64_t outputs, std::uint64_t inputs, Bias bias);
    // The rows [first, first + count) of `whole`, for example the q of a fused qkv.
    Linear rows(const Linear &whole, std::uint64_t first, std::uint64_t count);

    // Frequencies base^(-2i/dims), divided by the file's factors per pair (rope_freqs.weight, as in
    // Llama 3.1; rope_factors_short and _long, as in Phi 3), then its scaling: none, linear, or
    // YaRN (Peng et al. 2023, arXiv 2309.00071).
    Rope rope(const RopeRequest &request);

    // The specification, unless something was wrong, the metadata changes what the model computes
    // in a way that nobody has asked for, or there are tensors that nobody has asked for: the model
    // needs more than we would compute.
    Result<ModelSpec> finish(ModelSpec spec);

private:
    void setError(Error error);
    tl::unexpected<Error> broken(const std::string &what) const;
    std::string key(const std::string &name) const { return m_architecture + "." + name; }
    const Tensor *find(const std::string &name); // remembers that it was asked for
    bool runnable(const Tensor &tensor);
    const Tensor *floats(const Tensor *tensor); // refuses what is not F32
    const Tensor *part(const Tensor &whole, std::uint64_t first, std::uint64_t count);
    void refuseUnknownArithmetic();
    void refuseUnusedTensors();
    std::vector<double> frequencies(std::uint32_t dims, double base, const Tensor *divisors);

    const GgufFile &m_file;
    std::string m_architecture;
    std::optional<Error> m_error;
    std::set<std::string> m_readKeys;
    std::unordered_set<const Tensor *> m_used;
    std::vector<std::string> m_ignoredTensors;
    std::vector<std::shared_ptr<const Tensor>> m_views;
};

} // namespace alcove::llm
