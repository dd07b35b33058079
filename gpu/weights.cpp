#include "gpu/weights.h"

#include <algorithm>
#include <limits>

namespace alcove::gpu {

Error unsupported(const std::string &what)
{
    return {ErrorCode::Unsupported,
            "This model uses " + what
                + ", which the graphics kernels do not know; run it on the processor.",
            {}};
}

MatrixAddress addressOf(const GpuMatrix &matrix, const DeviceMemory &memory)
{
    MatrixAddress address{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
        address[plane] = memory[matrix.slice].address + matrix.layout.planeOffset[plane];
    return address;
}

SliceId WeightPlanner::floats(std::uint64_t count)
{
    const std::uint64_t bytes = (count + kChunkColumns - 1) / kChunkColumns * kChunkColumns * 4;
    m_weightBytes += bytes;
    return m_memory->plan(bytes);
}

SliceId WeightPlanner::state(std::uint64_t bytes, std::uint64_t elements)
{
    m_largestState = std::max(m_largestState, elements);
    m_stateBytes += bytes;
    return m_memory->plan(bytes);
}

SliceId WeightPlanner::recurrentState(std::uint64_t bytes)
{
    m_recurrentBytes += bytes;
    return m_memory->plan(bytes);
}

GpuNorm WeightPlanner::norm(const llm::Norm &norm)
{
    GpuNorm planned;
    planned.source = norm;
    if (norm.weight)
        planned.weight = floats(norm.weight->elements());
    if (norm.weight && norm.bias)
        planned.bias = floats(norm.bias->elements());
    return planned;
}

Result<GpuMatrix> WeightPlanner::matrix(std::vector<llm::Linear> parts)
{
    std::uint64_t rows = 0;
    bool biased = false;
    for (const llm::Linear &part : parts) {
        rows += part.outputs();
        biased = biased || part.bias;
    }
    const llm::Tensor &first = *parts.front().weight;
    if (!formatName(first.type)) {
        const llm::TensorTypeInfo *type = llm::tensorTypeInfo(first.type);
        return fail(unsupported("the weight format "
                                + (type ? std::string(type->name) : std::string("unknown"))));
    }
    GpuMatrix matrix;
    matrix.layout = weightLayout(first.type, parts.front().inputs(), rows);
    // Kernels count a matrix in words of 32 bits.
    if (rows * matrix.layout.chunks * 4 > std::numeric_limits<std::int32_t>::max())
        return fail(unsupported("a matrix of more than two thousand million numbers"));
    matrix.slice = m_memory->plan(matrix.layout.bytes);
    m_weightBytes += matrix.layout.bytes;
    if (biased)
        matrix.bias = floats(rows);
    matrix.parts = std::move(parts);
    return matrix;
}

Result<std::vector<ProjectionPart>>
WeightPlanner::projections(const std::vector<llm::Linear> &linears)
{
    std::vector<ProjectionPart> planned;
    std::uint32_t output = 0;
    for (std::size_t i = 0; i < linears.size();) {
        std::vector<llm::Linear> parts;
        std::uint32_t rows = 0;
        for (; i < linears.size()
             && (parts.empty() || linears[i].weight->type == parts.front().weight->type);
             ++i) {
            parts.push_back(linears[i]);
            rows += linears[i].outputs();
        }
        auto one = matrix(std::move(parts));
        if (!one)
            return fail(one.error());
        planned.push_back({std::move(*one), output});
        output += rows;
    }
    return planned;
}

Result<> WeightUploader::floats(SliceId to, std::span<const float> values)
{
    return m_uploader->write((*m_memory)[to], 0, std::as_bytes(values));
}

Result<> WeightUploader::tensor(SliceId to, const llm::Tensor &tensor)
{
    const std::uint64_t padded =
        (tensor.elements() + kChunkColumns - 1) / kChunkColumns * kChunkColumns;
    std::vector<float> values(padded, 0.0f);
    llm::dequantise(tensor, 0, tensor.elements(), values.data());
    return floats(to, values);
}

Result<> WeightUploader::norm(const GpuNorm &norm)
{
    if (!norm.there())
        return {};
    if (auto done = tensor(norm.weight, *norm.source.weight); !done)
        return done;
    return norm.source.bias ? tensor(norm.bias, *norm.source.bias) : Result<>{};
}

Result<> WeightUploader::clear(SliceId slice)
{
    return m_uploader->fill((*m_memory)[slice], 0);
}

Result<> WeightUploader::matrix(const GpuMatrix &matrix)
{
    std::uint64_t unit = 0;
    std::vector<float> bias(matrix.bias ? matrix.rows() : 0, 0.0f);
    std::size_t row = 0;
    for (const llm::Linear &part : matrix.parts) {
        if (auto done = m_uploader->writeUnits(matrix.layout, (*m_memory)[matrix.slice], unit,
                                               part.weight->data);
            !done)
            return done;
        unit += part.outputs() * matrix.layout.unitsPerRow();
        if (part.bias)
            llm::dequantise(*part.bias, 0, part.bias->elements(), bias.data() + row);
        row += part.outputs();
    }
    return matrix.bias ? floats(*matrix.bias, bias) : Result<>{};
}

Result<> WeightUploader::projections(const std::vector<ProjectionPart> &parts)
{
    for (const ProjectionPart &part : parts) {
        if (auto done = matrix(part.matrix); !done)
            return done;
    }
    return {};
}

} // namespace alcove::gpu
