// SpecReader: checked access to the metadata and tensors of one architecture.
//
// Keeps the first error, so that a specification reads as a list of what it needs; after an error
// every further answer is a harmless default. One use, one thread.
#pragma once

#include "core/llm/model_spec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

namespace alcove::llm {

// Bounds of sizes, far above any published model.
inline constexpr std::uint32_t kMaxLayers = 1024;
inline constexpr std::uint32_t kMaxWidth = 1u << 20;
inline constexpr std::uint32_t kMaxHidden = 1u << 22;
inline constexpr std::uint32_t kMaxHeads = 4096;
inline constexpr std::uint32_t kMaxHeadSize = 1024;
inline constexpr std::uint32_t kMaxContext = 1u << 30;
inline constexpr std::uint32_t kMaxVocabulary = 1u << 24;

class SpecReader
{
public:
    enum class Bias { Optional, Required };

    SpecReader(const GgufFile &file, std::string architecture);

    bool failed() const { return m_error.has_value(); }
    const Error &error() const { return *m_error; }
    tl::unexpected<Error> broken(const std::string &what) const; // InvalidFile

    // Metadata, keys without the architecture's prefix. Sizes are at least 1 and at most `limit`;
    // a list with one size for each layer is accepted when they are all the same.
    std::uint32_t size(const std::string &name, std::uint32_t limit);
    std::uint32_t sizeOr(const std::string &name, std::uint32_t limit,
                         std::uint32_t fallback); // 0 allowed
    // Finite and within [least, most].
    double number(const std::string &name, double least, double most);
    double numberOr(const std::string &name, double least, double most, double fallback);

    // Unsupported, as in "This llama model uses experts, ...".
    void refuseUnless(bool supported, const std::string &what);
    // Refuses metadata that changes what a model computes in a way that no specification can say.
    void refuseUnknownArithmetic();
    // Refuses a file with tensors that nobody has asked for: the model needs more than we would
    // compute. Call it last.
    void refuseUnusedTensors();

    // Tensors; rows 0: any. Refuses a missing tensor, a wrong shape and a format we cannot run.
    const Tensor *matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns);
    const Tensor *vector(const std::string &name, std::uint64_t length); // F32
    const Tensor *vectorIfThere(const std::string &name, std::uint64_t length);
    Norm norm(const std::string &name, std::uint64_t width, float epsilon);
    Linear linear(const std::string &name, std::uint64_t outputs, std::uint64_t inputs, Bias bias);

    // Frequencies base^(-2i/dims), divided by the file's factors per pair (rope_freqs.weight, as in
    // Llama 3.1), then its scaling: none, linear, or YaRN (Peng et al. 2023, arXiv 2309.00071).
    Result<Rope> rope(RopePairs pairs, std::uint32_t headSize, std::uint32_t trainedContext);

private:
    void setError(Error error);
    std::string key(const std::string &name) const { return m_architecture + "." + name; }

    const Tensor *find(const std::string &name); // remembers that it was asked for

    const GgufFile &m_file;
    std::string m_architecture;
    std::optional<Error> m_error;
    std::unordered_set<const Tensor *> m_used;
};

} // namespace alcove::llm
