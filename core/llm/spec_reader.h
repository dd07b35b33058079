// SpecReader: checked access to the metadata and tensors of one architecture.
//
// Keeps the first error, so that a specification reads as a list of what it needs; after an error
// every further answer is a harmless default. One use, one thread.
#pragma once

#include "core/llm/model_spec.h"

#include <cmath>
#include <optional>
#include <string>

namespace alcove::llm {

class SpecReader
{
public:
    enum class Bias { Optional, Required };

    SpecReader(const GgufFile &file, std::string architecture);

    bool failed() const { return m_error.has_value(); }
    const Error &error() const { return *m_error; }
    tl::unexpected<Error> broken(const std::string &what) const; // InvalidFile

    // Metadata, keys without the architecture's prefix. Sizes are at least 1 and at most `limit`.
    std::uint32_t size(const std::string &key, std::uint32_t limit);
    std::uint32_t sizeOr(const std::string &key, std::uint32_t limit,
                         std::uint32_t fallback); // 0 allowed
    double number(const std::string &key);
    double numberOr(const std::string &key, double fallback);
    void refuseUnless(bool supported, const std::string &what); // Unsupported: "... which has WHAT"

    // Tensors; rows 0: any. Refuses a missing tensor, a wrong shape and a format we cannot run.
    const Tensor *matrix(const std::string &name, std::uint64_t rows, std::uint64_t columns);
    const Tensor *vector(const std::string &name, std::uint64_t length); // F32
    const Tensor *vectorIfThere(const std::string &name, std::uint64_t length);
    Norm norm(const std::string &name, std::uint64_t width, float epsilon);
    Linear linear(const std::string &name, std::uint64_t outputs, std::uint64_t inputs, Bias bias);

    // Frequencies base^(-2i/dims), then the file's scaling: none, linear, YaRN (Peng et al. 2023,
    // arXiv 2309.00071) and per-pair divisors in rope_freqs.weight (Llama 3.1).
    Result<Rope> rope(RopePairs pairs, std::uint32_t headSize, std::uint32_t trainedContext);

private:
    void setError(Error error);
    std::string key(const std::string &name) const { return m_architecture + "." + name; }

    const GgufFile &m_file;
    std::string m_architecture;
    std::optional<Error> m_error;
};

} // namespace alcove::llm
