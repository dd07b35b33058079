// Tensor types of the GGUF format, and a tensor as it lies in the mapped file.
// Type numbers and block layouts: the GGUF specification (ggml docs/gguf.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace alcove::llm {

using Token = std::int32_t;

enum class TensorType : std::uint32_t {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
};

struct TensorTypeInfo {
    TensorType type;
    std::string_view name;
    std::uint32_t blockElements; // elements in one block
    std::uint32_t blockBytes; // bytes of one block
    bool runnable; // dequantise() reads it; an executor may lack kernels for it
};

// nullptr for a number that is no tensor type.
const TensorTypeInfo *tensorTypeInfo(TensorType type);

// A view into the mapped file; valid as long as the GgufFile lives.
struct Tensor {
    std::string name;
    TensorType type = TensorType::F32;
    std::uint32_t rank = 0;
    // Innermost dimension first, as in the file: a matrix [rows][columns] has shape {columns,
    // rows}.
    std::array<std::uint64_t, 4> shape{1, 1, 1, 1};
    std::span<const std::byte> data;

    std::uint64_t columns() const { return shape[0]; }
    std::uint64_t rows() const { return shape[1] * shape[2] * shape[3]; }
    std::uint64_t elements() const { return columns() * rows(); }
};

// Expands `count` elements, starting at element `first` (a multiple of the block size), to float32.
// `out` holds at least `count` floats; `count` is a multiple of the block size. The plain reference
// for every kernel. Only for runnable types; a range or type that it cannot read becomes NaN.
void dequantise(const Tensor &tensor, std::uint64_t first, std::uint64_t count, float *out);

} // namespace alcove::llm
