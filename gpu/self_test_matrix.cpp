// Self-test of the kernels that read weights: matvec, matmul, embed.
#include "core/llm/tensor.h"
#include "gpu/kernel_bench.h"
#include "gpu/tuning.h"

#include <cmath>

namespace alcove::gpu {

namespace {

using llm::TensorType;

constexpr double kLimit = 2e-5; // float32 sums of a few hundred products

// A matrix as a file holds it, and its plain numbers.
struct TestMatrix {
    WeightLayout layout;
    std::vector<std::byte> blocks;
    std::vector<float> plain; // [rows][columns]

    double at(std::uint32_t row, std::uint32_t column) const
    {
        return plain[std::size_t(row) * layout.columns + column];
    }
};

void setHalf(std::byte *at, std::uint16_t bits)
{
    at[0] = static_cast<std::byte>(bits & 0xff);
    at[1] = static_cast<std::byte>(bits >> 8);
}

// Where a block has its f16 units.
std::vector<std::uint32_t> unitsOf(TensorType type)
{
    switch (type) {
    case TensorType::Q4_1:
    case TensorType::Q5_1:
    case TensorType::Q4_K:
    case TensorType::Q5_K:
        return {0, 2};
    case TensorType::Q2_K:
        return {80, 82};
    case TensorType::Q3_K:
        return {108};
    case TensorType::Q6_K:
        return {208};
    case TensorType::TQ2_0:
        return {64};
    default:
        return {0};
    }
}

// Random bits everywhere, but with scales of ordinary size.
TestMatrix makeMatrix(TensorType type, std::uint32_t rows, std::uint32_t columns,
                      TestNumbers &numbers)
{
    TestMatrix matrix;
    matrix.layout = weightLayout(type, columns, rows);
    matrix.blocks.resize(matrix.layout.units * matrix.layout.sourceUnitBytes);
    for (std::byte &byte : matrix.blocks)
        byte = static_cast<std::byte>(numbers.word() & 0xff);
    const auto eachUnit = [&](auto &&change) {
        for (std::size_t i = 0; i < matrix.blocks.size(); i += matrix.layout.sourceUnitBytes)
            change(matrix.blocks.data() + i);
    };
    // Halves from 2^-7 up to 2^-5, either sign.
    const auto half = [&] {
        const std::uint32_t word = numbers.word();
        return static_cast<std::uint16_t>((word & 0x83ff) | ((8 + (word >> 20) % 2) << 10));
    };
    switch (type) {
    case TensorType::F32:
        eachUnit([&](std::byte *row) {
            for (std::uint32_t c = 0; c < columns; ++c) {
                const float value = numbers.next();
                std::memcpy(row + c * 4, &value, 4);
            }
        });
        break;
    case TensorType::F16:
        eachUnit([&](std::byte *row) {
            for (std::uint32_t c = 0; c < columns; ++c)
                setHalf(row + c * 2, half());
        });
        break;
    case TensorType::BF16:
        eachUnit([&](std::byte *row) {
            for (std::uint32_t c = 0; c < columns; ++c) {
                const float value = numbers.next();
                std::uint32_t bits = 0;
                std::memcpy(&bits, &value, 4);
                setHalf(row + c * 2, static_cast<std::uint16_t>(bits >> 16));
            }
        });
        break;
    case TensorType::MXFP4:
        // Powers of two from 2^-7 to 2^-4.
        eachUnit(
            [&](std::byte *block) { block[0] = static_cast<std::byte>(120 + numbers.word() % 4); });
        break;
    default:
        eachUnit([&](std::byte *block) {
            for (const std::uint32_t at : unitsOf(type))
                setHalf(block + at, half());
        });
        break;
    }
    llm::Tensor tensor;
    tensor.type = type;
    tensor.rank = 2;
    tensor.shape = {columns, rows, 1, 1};
    tensor.data = matrix.blocks;
    matrix.plain.resize(std::size_t(rows) * columns);
    llm::dequantise(tensor, 0, tensor.elements(), matrix.plain.data());
    return matrix;
}

std::vector<float> padded(const std::vector<float> &values, std::uint32_t columns,
                          std::uint32_t rows)
{
    const std::uint32_t stride = paddedColumns(columns);
    std::vector<float> out(std::size_t(stride) * rows, 0.0f);
    for (std::uint32_t row = 0; row < rows; ++row)
        std::copy_n(values.begin() + std::ptrdiff_t(row) * columns, columns,
                    out.begin() + std::ptrdiff_t(row) * stride);
    return out;
}

std::string sizesOf(const TestMatrix &matrix)
{
    return std::to_string(matrix.layout.rows) + " x " + std::to_string(matrix.layout.columns);
}

double dot(const TestMatrix &matrix, std::uint32_t row, std::span<const float> x)
{
    double sum = 0;
    for (std::uint32_t c = 0; c < matrix.layout.columns; ++c)
        sum += matrix.at(row, c) * double(x[c]);
    return sum;
}

// Folded norm, bias and gate, as in the gate and up projection.
void checkGated(const std::shared_ptr<Device> &device, const TestMatrix &matrix,
                TestNumbers &numbers, CheckList &checks)
{
    const Tuning tuning = tuningFor(*device);
    const std::uint32_t outputs = static_cast<std::uint32_t>(matrix.layout.rows / 2);
    const std::uint32_t columns = matrix.layout.columns;
    const float epsilon = 1e-3f;
    const double inverse = 1.0 / std::sqrt(4.75 / columns + double(epsilon));
    std::vector<float> x = numbers.floats(columns);
    // Gates of ordinary size, whatever the format's numbers: those of large negatives are nothing.
    double most = 0;
    for (std::uint32_t row = 0; row < outputs; ++row)
        most = std::max(most, std::abs(dot(matrix, row, x)));
    for (float &value : x)
        value *= static_cast<float>(2.0 / (most * inverse));
    const std::vector<float> bias = numbers.floats(outputs * 2);
    // Three count; the fourth is what an earlier, longer list has left.
    const std::vector<float> sums = {0.5f, 1.25f, 3.0f, 99.0f};
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add(variant("matvec", matrix.layout.type),
                                                    {{matvec::Rows, tuning.gatedRows},
                                                     {matvec::Chunks, matrix.layout.chunks},
                                                     {matvec::Outputs, outputs},
                                                     {matvec::Gated, 1},
                                                     {matvec::Normed, 1},
                                                     {matvec::Bias, 1},
                                                     {matvec::Width, columns},
                                                     {activation::Kind, activation::Silu}});
    const SliceId weights = bench.putMatrix(matrix.layout, matrix.blocks);
    const SliceId in = bench.put(padded(x, columns, 1));
    const SliceId biases = bench.put(bias);
    const SliceId partial = bench.put(sums);
    const SliceId out = bench.zeros(outputs);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        MatvecPush push;
        push.matrix = bench.matrixAt(weights, matrix.layout);
        push.x = bench.at(in);
        push.y = bench.at(out);
        push.bias = bench.at(biases);
        push.sumsIn = bench.at(partial);
        push.sumCount = 3;
        push.epsilon = epsilon;
        recorder.dispatch(bench.kernel(kernel), push, ceilDivide(outputs, tuning.gatedRows));
    });
    std::vector<double> expected;
    for (std::uint32_t row = 0; row < outputs; ++row) {
        const double gate = dot(matrix, row, x) * inverse + double(bias[row]);
        const double up = dot(matrix, row + outputs, x) * inverse + double(bias[row + outputs]);
        expected.push_back(up * gate / (1.0 + std::exp(-gate)));
    }
    checks.add("matvec, gated", formatName(matrix.layout.type), sizesOf(matrix), ran,
               ran ? bench.floats(out, outputs) : std::vector<float>{}, expected, kLimit);
}

// Residual, next norm's input and sums of squares, as in the output and down projections.
void checkResidual(const std::shared_ptr<Device> &device, const TestMatrix &matrix,
                   TestNumbers &numbers, CheckList &checks)
{
    const Tuning tuning = tuningFor(*device);
    const std::uint32_t outputs = static_cast<std::uint32_t>(matrix.layout.rows);
    const std::uint32_t groups = ceilDivide(outputs, tuning.matvecRows);
    const std::vector<float> x = numbers.floats(matrix.layout.columns);
    const std::vector<float> residual = numbers.floats(outputs);
    const std::vector<float> gain = numbers.floats(outputs);
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add(variant("matvec", matrix.layout.type),
                                                    {{matvec::Rows, tuning.matvecRows},
                                                     {matvec::Chunks, matrix.layout.chunks},
                                                     {matvec::Outputs, outputs},
                                                     {matvec::Residual, 1},
                                                     {matvec::LeavesNext, 1}});
    const SliceId weights = bench.putMatrix(matrix.layout, matrix.blocks);
    const SliceId in = bench.put(padded(x, matrix.layout.columns, 1));
    const SliceId out = bench.put(residual);
    const SliceId gains = bench.put(gain);
    const SliceId normed = bench.zeros(outputs);
    const SliceId sums = bench.zeros(groups);
    const Result<> ran = bench.run([&](Recorder &recorder) {
        MatvecPush push;
        push.matrix = bench.matrixAt(weights, matrix.layout);
        push.x = bench.at(in);
        push.y = bench.at(out);
        push.gain = bench.at(gains);
        push.normed = bench.at(normed);
        push.sumsOut = bench.at(sums);
        push.scale = 0.75f;
        recorder.dispatch(bench.kernel(kernel), push, groups);
    });
    std::vector<double> expected;
    double squares = 0;
    for (std::uint32_t row = 0; row < outputs; ++row) {
        expected.push_back(0.75 * dot(matrix, row, x) + double(residual[row]));
        squares += expected.back() * expected.back();
    }
    for (std::uint32_t row = 0; row < outputs; ++row)
        expected.push_back(expected[row] * double(gain[row]));
    const double rms = std::sqrt(squares / outputs);
    expected.push_back(rms);
    std::vector<float> actual;
    if (ran) {
        actual = bench.floats(out, outputs);
        const std::vector<float> next = bench.floats(normed, outputs);
        actual.insert(actual.end(), next.begin(), next.end());
        double sum = 0;
        for (const float part : bench.floats(sums, groups))
            sum += double(part);
        actual.push_back(static_cast<float>(std::sqrt(sum / outputs)));
    }
    checks.add("matvec, residual", formatName(matrix.layout.type), sizesOf(matrix), ran, actual,
               expected, kLimit);
}

void checkMatmul(const std::shared_ptr<Device> &device, const TestMatrix &matrix,
                 TestNumbers &numbers, CheckList &checks)
{
    constexpr std::uint32_t kMostTokens = 9;
    const Tuning tuning = tuningFor(*device);
    const std::uint32_t rows = static_cast<std::uint32_t>(matrix.layout.rows);
    const std::uint32_t columns = matrix.layout.columns;
    const std::vector<float> x = numbers.floats(std::size_t(columns) * kMostTokens);
    const std::vector<float> bias = numbers.floats(rows);
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add(variant("matmul", matrix.layout.type),
                                                    {{matmul::Rows, tuning.matmulRows},
                                                     {matmul::Tokens, tuning.matmulTokens},
                                                     {matmul::Chunks, matrix.layout.chunks},
                                                     {matmul::Bias, 1},
                                                     {matmul::Residual, 1}});
    const SliceId weights = bench.putMatrix(matrix.layout, matrix.blocks);
    const SliceId in = bench.put(padded(x, columns, kMostTokens));
    const SliceId biases = bench.put(bias);
    std::vector<SliceId> outs;
    const std::uint32_t stride = rows + 3;
    for (std::uint32_t tokens = 1; tokens <= kMostTokens; ++tokens)
        outs.push_back(bench.put(std::vector<float>(std::size_t(stride) * tokens, 1.0f)));
    const Result<> ran = bench.run([&](Recorder &recorder) {
        for (std::uint32_t tokens = 1; tokens <= kMostTokens; ++tokens) {
            MatmulPush push;
            push.matrix = bench.matrixAt(weights, matrix.layout);
            push.x = bench.at(in);
            push.y = bench.at(outs[tokens - 1]);
            push.bias = bench.at(biases);
            push.yStride = stride;
            push.tokens = tokens;
            // In two ranges of rows, as a bounded submission may cut it.
            const std::uint32_t cut = std::min(tuning.matmulRows, rows);
            for (const auto &[first, end] : {std::pair(0u, cut), std::pair(cut, rows)}) {
                push.firstRow = first;
                push.endRow = end;
                if (first < end)
                    recorder.dispatch(bench.kernel(kernel), push,
                                      ceilDivide(end - first, tuning.matmulRows),
                                      ceilDivide(tokens, tuning.matmulTokens));
            }
        }
    });
    const std::vector<double> products = [&] {
        std::vector<double> all;
        for (std::uint32_t token = 0; token < kMostTokens; ++token) {
            for (std::uint32_t row = 0; row < rows; ++row)
                all.push_back(1.0 + double(bias[row])
                              + dot(matrix, row,
                                    std::span<const float>(x).subspan(std::size_t(token) * columns,
                                                                      columns)));
        }
        return all;
    }();
    for (std::uint32_t tokens = 1; tokens <= kMostTokens; ++tokens) {
        std::vector<float> actual;
        if (ran) {
            const std::vector<float> all =
                bench.floats(outs[tokens - 1], std::size_t(stride) * tokens);
            for (std::uint32_t token = 0; token < tokens; ++token)
                actual.insert(actual.end(), all.begin() + std::ptrdiff_t(token) * stride,
                              all.begin() + std::ptrdiff_t(token) * stride + rows);
        }
        checks.add("matmul", formatName(matrix.layout.type),
                   sizesOf(matrix) + ", " + std::to_string(tokens) + " tokens", ran, actual,
                   std::span<const double>(products).first(std::size_t(rows) * tokens), kLimit);
    }
}

void checkEmbed(const std::shared_ptr<Device> &device, const TestMatrix &matrix, CheckList &checks)
{
    const std::vector<std::int32_t> tokens = {static_cast<std::int32_t>(matrix.layout.rows - 1), 0,
                                              static_cast<std::int32_t>(matrix.layout.rows / 2)};
    const std::uint32_t stride = paddedColumns(matrix.layout.columns);
    KernelBench bench(device);
    const PipelineId kernel = bench.pipelines().add(variant("embed", matrix.layout.type),
                                                    {{embed::Chunks, matrix.layout.chunks}});
    const SliceId weights = bench.putMatrix(matrix.layout, matrix.blocks);
    const SliceId ids = bench.put(tokens);
    const SliceId out = bench.zeros(stride * tokens.size());
    const Result<> ran = bench.run([&](Recorder &recorder) {
        EmbedPush push;
        push.matrix = bench.matrixAt(weights, matrix.layout);
        push.tokens = bench.at(ids);
        push.x = bench.at(out);
        recorder.dispatch(bench.kernel(kernel), push,
                          ceilDivide(matrix.layout.chunks, device->limits().lanes),
                          static_cast<std::uint32_t>(tokens.size()));
    });
    std::vector<double> expected;
    for (const std::int32_t token : tokens) {
        for (std::uint32_t c = 0; c < stride; ++c)
            expected.push_back(
                c < matrix.layout.columns ? matrix.at(static_cast<std::uint32_t>(token), c) : 0.0);
    }
    checks.add("embed", formatName(matrix.layout.type), sizesOf(matrix) + ", 3 tokens", ran,
               ran ? bench.floats(out, expected.size()) : std::vector<float>{}, expected, kLimit);
}

} // namespace

void checkMatrixKernels(const std::shared_ptr<Device> &device, CheckList &checks)
{
    TestNumbers numbers(1);
    for (const TensorType type : weightFormats()) {
        // Rows of one block, and of some with a rest that is no whole round of the lanes.
        const std::uint32_t block = llm::tensorTypeInfo(type)->blockElements;
        const std::uint32_t narrow = block > 1 ? block : type == TensorType::F32 ? 1 : 33;
        const std::uint32_t wide = block == 1 ? 333 : block == 32 ? 352 : 768;
        const TestMatrix small = makeMatrix(type, 2, narrow, numbers);
        const TestMatrix large = makeMatrix(type, 74, wide, numbers);
        const TestMatrix odd = makeMatrix(type, 37, wide, numbers);
        checkGated(device, small, numbers, checks);
        checkGated(device, large, numbers, checks);
        checkResidual(device, odd, numbers, checks);
        checkMatmul(device, small, numbers, checks);
        checkMatmul(device, odd, numbers, checks);
        checkEmbed(device, odd, checks);
    }
}

} // namespace alcove::gpu
