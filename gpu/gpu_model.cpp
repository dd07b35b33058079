#include "gpu/gpu_model.h"

#include <algorithm>
#include <limits>

namespace alcove::gpu {

namespace {

std::vector<float> floatsOf(const llm::Tensor &tensor, std::uint32_t padded)
{
    std::vector<float> values(std::max<std::size_t>(padded, tensor.elements()), 0.0f);
    llm::dequantise(tensor, 0, tensor.elements(), values.data());
    return values;
}

Result<> writeFloats(Uploader &uploader, const Slice &to, const std::vector<float> &values)
{
    return uploader.write(to, 0, std::as_bytes(std::span<const float>(values)));
}

Error unsupported(const std::string &what)
{
    return {ErrorCode::Unsupported,
            "This model uses " + what
                + ", which the graphics kernels do "
                  "not know; run it on the processor.",
            {}};
}

} // namespace

MatrixAddress addressOf(const GpuMatrix &matrix, const DeviceMemory &memory)
{
    MatrixAddress address{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane)
        address[plane] = memory[matrix.slice].address + matrix.layout.planeOffset[plane];
    return address;
}

Result<GpuNorm> GpuModel::planNorm(const llm::Norm &norm, DeviceMemory &memory)
{
    if (norm.kind != llm::NormKind::Rms || norm.bias || !norm.weight)
        return fail(unsupported("a kind of normalisation (layer norm)"));
    GpuNorm planned;
    planned.source = norm.weight;
    planned.epsilon = norm.epsilon;
    const std::uint64_t bytes =
        std::uint64_t(paddedColumns(static_cast<std::uint32_t>(norm.weight->elements()))) * 4;
    planned.weight = memory.plan(bytes);
    m_weightBytes += bytes;
    return planned;
}

Result<GpuMatrix> GpuModel::planMatrix(std::vector<llm::Linear> parts, DeviceMemory &memory)
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
    matrix.slice = memory.plan(matrix.layout.bytes);
    m_weightBytes += matrix.layout.bytes;
    if (biased) {
        matrix.bias = memory.plan(rows * 4);
        m_weightBytes += rows * 4;
    }
    matrix.parts = std::move(parts);
    return matrix;
}

// Neighbours of one format become one matrix.
Result<std::vector<ProjectionPart>>
GpuModel::planProjections(const std::vector<llm::Linear> &linears, DeviceMemory &memory)
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
        auto matrix = planMatrix(std::move(parts), memory);
        if (!matrix)
            return fail(matrix.error());
        planned.push_back({std::move(*matrix), output});
        output += rows;
    }
    return planned;
}

Result<GpuLayer> GpuModel::planLayer(const llm::Layer &layer, DeviceMemory &memory)
{
    const auto *attention = std::get_if<llm::Attention>(&layer.mixer);
    const auto *dense = std::get_if<llm::DenseFeedForward>(&layer.feedForward);
    if (!attention || !dense || dense->activation != llm::Activation::Silu)
        return fail(unsupported("a kind of layer"));
    if (attention->headSize % 2 != 0 || attention->headSize > 512)
        return fail(unsupported("attention heads of a size"));

    GpuLayer planned;
    planned.attention = attention;
    auto mixerNorm = planNorm(layer.mixerNorm, memory);
    auto feedForwardNorm = planNorm(layer.feedForwardNorm, memory);
    auto projections =
        planProjections({attention->query, attention->key, attention->value}, memory);
    auto output = planMatrix({attention->output}, memory);
    auto gateUp = planProjections({dense->gate, dense->up}, memory);
    auto down = planMatrix({dense->down}, memory);
    if (!mixerNorm)
        return fail(mixerNorm.error());
    if (!feedForwardNorm)
        return fail(feedForwardNorm.error());
    if (!projections)
        return fail(projections.error());
    if (!output)
        return fail(output.error());
    if (!gateUp)
        return fail(gateUp.error());
    if (!down)
        return fail(down.error());
    planned.mixerNorm = *mixerNorm;
    planned.feedForwardNorm = *feedForwardNorm;
    planned.projections = std::move(*projections);
    planned.output = std::move(*output);
    planned.gateUp = std::move(*gateUp);
    planned.down = std::move(*down);
    for (const auto &[norm, target] : {std::pair(&attention->queryNorm, &planned.queryNorm),
                                       std::pair(&attention->keyNorm, &planned.keyNorm)}) {
        if (!*norm)
            continue;
        auto head = planNorm(**norm, memory);
        if (!head)
            return fail(head.error());
        *target = *head;
    }
    planned.frequencies = memory.plan(attention->rope.frequencies.size() * 4);

    const std::uint64_t elements =
        std::uint64_t(attention->kvHeads) * m_capacity * kvStride(attention->headSize);
    const std::uint64_t bytes = elements * (m_kvFormat == llm::KvFormat::F32 ? 4 : 2);
    planned.keys = memory.plan(bytes);
    planned.values = memory.plan(bytes);
    m_kvBytes += 2 * bytes;
    return planned;
}

Result<GpuModel> GpuModel::plan(const llm::ModelSpec &spec, std::uint32_t capacity,
                                llm::KvFormat kvFormat, DeviceMemory &memory)
{
    GpuModel model;
    model.m_spec = &spec;
    model.m_capacity = capacity;
    model.m_kvFormat = kvFormat;
    llm::Linear table;
    table.weight = spec.embedding;
    if (spec.tiedEmbedding)
        table.bias = spec.output.bias;
    auto embedding = model.planMatrix({table}, memory);
    if (!embedding)
        return fail(embedding.error());
    model.m_embedding = std::move(*embedding);
    for (const llm::Layer &layer : spec.layers) {
        auto planned = model.planLayer(layer, memory);
        if (!planned)
            return fail(planned.error());
        model.m_layers.push_back(std::move(*planned));
    }
    auto norm = model.planNorm(spec.outputNorm, memory);
    if (!norm)
        return fail(norm.error());
    model.m_outputNorm = *norm;
    if (!spec.tiedEmbedding) {
        auto output = model.planMatrix({spec.output}, memory);
        if (!output)
            return fail(output.error());
        model.m_output = std::move(*output);
    }
    return model;
}

std::uint64_t GpuModel::uploadBytes(const llm::ModelSpec &spec)
{
    return spec.weightBytes();
}

Result<> GpuModel::upload(const DeviceMemory &memory, Uploader &uploader) const
{
    const auto norm = [&](const GpuNorm &one) {
        const auto width = static_cast<std::uint32_t>(one.source->elements());
        return writeFloats(uploader, memory[one.weight],
                           floatsOf(*one.source, paddedColumns(width)));
    };
    const auto matrix = [&](const GpuMatrix &one) -> Result<> {
        std::uint64_t unit = 0;
        std::vector<float> bias(one.bias ? one.rows() : 0, 0.0f);
        std::size_t row = 0;
        for (const llm::Linear &part : one.parts) {
            if (auto done =
                    uploader.writeUnits(one.layout, memory[one.slice], unit, part.weight->data);
                !done)
                return done;
            unit += part.outputs() * one.layout.unitsPerRow();
            if (part.bias)
                llm::dequantise(*part.bias, 0, part.bias->elements(), bias.data() + row);
            row += part.outputs();
        }
        return one.bias ? writeFloats(uploader, memory[*one.bias], bias) : Result<>{};
    };

    Result<> done = matrix(m_embedding);
    for (const GpuLayer &layer : m_layers) {
        for (const GpuNorm *one : {&layer.mixerNorm, &layer.feedForwardNorm,
                                   layer.queryNorm ? &*layer.queryNorm : nullptr,
                                   layer.keyNorm ? &*layer.keyNorm : nullptr}) {
            if (done && one)
                done = norm(*one);
        }
        for (const ProjectionPart &part : layer.projections) {
            if (done)
                done = matrix(part.matrix);
        }
        for (const ProjectionPart &part : layer.gateUp) {
            if (done)
                done = matrix(part.matrix);
        }
        for (const GpuMatrix *one : {&layer.output, &layer.down}) {
            if (done)
                done = matrix(*one);
        }
        if (done && !layer.attention->rope.frequencies.empty())
            done =
                writeFloats(uploader, memory[layer.frequencies], layer.attention->rope.frequencies);
        // What is beyond a head's size must be zero, and nothing that was here before may be read.
        for (const SliceId cache : {layer.keys, layer.values}) {
            if (done)
                done = uploader.fill(memory[cache], 0);
        }
        if (!done)
            return done;
    }
    if (done)
        done = norm(m_outputNorm);
    if (done && m_output)
        done = matrix(*m_output);
    return done;
}

std::uint32_t GpuModel::maxHidden() const
{
    std::uint32_t most = 0;
    for (const GpuLayer &layer : m_layers)
        most = std::max(most, layer.hidden());
    return most;
}

std::uint32_t GpuModel::maxProjectionWidth() const
{
    std::uint32_t most = 0;
    for (const GpuLayer &layer : m_layers)
        most = std::max(most, layer.projectionWidth());
    return most;
}

std::uint32_t GpuModel::maxQueryWidth() const
{
    std::uint32_t most = 0;
    for (const GpuLayer &layer : m_layers)
        most = std::max(most, layer.queryWidth());
    return most;
}

} // namespace alcove::gpu
