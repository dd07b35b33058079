// GpuModel: a model's weights on the device, arranged for few stages: matrices of one format that
// read the same input lie one after another and count as one.
//
// plan() and upload() are called once, in this order around DeviceMemory::commit(). One thread.
#pragma once

#include "core/llm/model_spec.h"
#include "gpu/kernels.h"
#include "gpu/uploader.h"

#include <optional>

namespace alcove::gpu {

// One or more weight matrices with equal columns and format, rows one after another.
struct GpuMatrix {
    WeightLayout layout;
    SliceId slice = 0;
    std::optional<SliceId> bias; // [rows], zero where a part has none
    std::vector<llm::Linear> parts;

    std::uint32_t rows() const { return static_cast<std::uint32_t>(layout.rows); }
};

struct GpuNorm {
    SliceId weight = 0; // [padded width]
    float epsilon = 0;
    const llm::Tensor *source = nullptr;
};

// Part of the query, key and value projections; together they fill one row of q, k, v.
struct ProjectionPart {
    GpuMatrix matrix;
    std::uint32_t firstOutput = 0;
};

struct GpuLayer {
    const llm::Attention *attention = nullptr;
    GpuNorm mixerNorm;
    std::vector<ProjectionPart> projections; // one to three
    std::optional<GpuNorm> queryNorm;
    std::optional<GpuNorm> keyNorm;
    SliceId frequencies = 0; // [rope dims / 2]
    GpuMatrix output;
    GpuNorm feedForwardNorm;
    std::vector<ProjectionPart> gateUp; // one, or two when their formats differ
    GpuMatrix down;
    SliceId keys = 0; // [kvHeads][capacity][stride]
    SliceId values = 0;

    std::uint32_t queryWidth() const { return attention->heads * attention->headSize; }
    std::uint32_t keyWidth() const { return attention->kvHeads * attention->headSize; }
    std::uint32_t projectionWidth() const { return queryWidth() + 2 * keyWidth(); }
    std::uint32_t hidden() const { return down.layout.columns; }
};

// Dimensions of a head in the KV cache.
constexpr std::uint32_t kvStride(std::uint32_t headSize)
{
    return (headSize + 7) / 8 * 8;
}

class GpuModel
{
public:
    // Checks that the kernels know all that the model asks for (Unsupported names what they do not)
    // and plans its memory. `spec` outlives this.
    static Result<GpuModel> plan(const llm::ModelSpec &spec, std::uint32_t capacity,
                                 llm::KvFormat kvFormat, DeviceMemory &memory);

    Result<> upload(const DeviceMemory &memory, Uploader &uploader) const;
    static std::uint64_t uploadBytes(const llm::ModelSpec &spec);

    const llm::ModelSpec &spec() const { return *m_spec; }
    std::uint32_t capacity() const { return m_capacity; }
    llm::KvFormat kvFormat() const { return m_kvFormat; }
    const std::vector<GpuLayer> &layers() const { return m_layers; }
    const GpuMatrix &embedding() const { return m_embedding; }
    const GpuMatrix &output() const { return m_output ? *m_output : m_embedding; }
    const GpuNorm &outputNorm() const { return m_outputNorm; }
    std::uint64_t weightBytes() const { return m_weightBytes; }
    std::uint64_t kvBytes() const { return m_kvBytes; }
    std::uint32_t maxHidden() const;
    std::uint32_t maxProjectionWidth() const;
    std::uint32_t maxQueryWidth() const;

private:
    Result<GpuLayer> planLayer(const llm::Layer &layer, DeviceMemory &memory);
    Result<GpuMatrix> planMatrix(std::vector<llm::Linear> parts, DeviceMemory &memory);
    Result<std::vector<ProjectionPart>> planProjections(const std::vector<llm::Linear> &linears,
                                                        DeviceMemory &memory);
    Result<GpuNorm> planNorm(const llm::Norm &norm, DeviceMemory &memory);

    const llm::ModelSpec *m_spec = nullptr;
    std::uint32_t m_capacity = 0;
    llm::KvFormat m_kvFormat = llm::KvFormat::F16;
    std::vector<GpuLayer> m_layers;
    GpuMatrix m_embedding;
    std::optional<GpuMatrix> m_output; // none when tied
    GpuNorm m_outputNorm;
    std::uint64_t m_weightBytes = 0;
    std::uint64_t m_kvBytes = 0;
};

// Where the planes of a matrix are, once its memory is there.
MatrixAddress addressOf(const GpuMatrix &matrix, const DeviceMemory &memory);

} // namespace alcove::gpu
