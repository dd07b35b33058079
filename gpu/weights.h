// A model's weights on the device, arranged for few stages: matrices of one format that read the
// same input lie one after another and count as one.
//
// WeightPlanner says what memory they need before DeviceMemory::commit(), WeightUploader fills it
// afterwards. What a planned value points to in the model's file must outlive both. One thread.
#pragma once

#include "core/llm/model_spec.h"
#include "gpu/kernels.h"
#include "gpu/uploader.h"

#include <optional>
#include <string>
#include <vector>

namespace alcove::gpu {

// One or more weight matrices with equal columns and format, rows one after another.
struct GpuMatrix {
    WeightLayout layout;
    SliceId slice = 0;
    std::optional<SliceId> bias; // [rows], zero where a part has none
    std::vector<llm::Linear> parts;

    std::uint32_t rows() const { return static_cast<std::uint32_t>(layout.rows); }
};

// Where the planes of a matrix are, once its memory is there.
MatrixAddress addressOf(const GpuMatrix &matrix, const DeviceMemory &memory);

// Part of several projections of the same input; together they fill one row of results.
struct ProjectionPart {
    GpuMatrix matrix;
    std::uint32_t firstOutput = 0;
};

struct GpuNorm {
    llm::Norm source; // may be not there: then nothing is on the device
    SliceId weight = 0; // [padded width]
    SliceId bias = 0; // [padded width], where source has one

    bool there() const { return source.there(); }
    // Needs the root mean square only, which a product with a matrix can be scaled by afterwards.
    bool plainRms() const { return there() && source.kind == llm::NormKind::Rms && !source.bias; }
};

// A sentence that names what the kernels do not know.
Error unsupported(const std::string &what);

class WeightPlanner
{
public:
    explicit WeightPlanner(DeviceMemory &memory) : m_memory(&memory) { }

    // Unsupported names a weight format that has no kernels, or a matrix that is too large.
    Result<GpuMatrix> matrix(std::vector<llm::Linear> parts);
    // Neighbours of one format become one matrix.
    Result<std::vector<ProjectionPart>> projections(const std::vector<llm::Linear> &linears);
    GpuNorm norm(const llm::Norm &norm);
    SliceId floats(std::uint64_t count); // padded to a whole chunk
    // What positions leave behind: a KV cache. `elements`: what kernels count in it.
    SliceId state(std::uint64_t bytes, std::uint64_t elements);
    SliceId recurrentState(std::uint64_t bytes); // the same, however many positions there are

    std::uint64_t weightBytes() const { return m_weightBytes; }
    std::uint64_t stateBytes() const { return m_stateBytes; }
    std::uint64_t recurrentBytes() const { return m_recurrentBytes; }
    std::uint64_t largestState() const { return m_largestState; } // elements

private:
    DeviceMemory *m_memory;
    std::uint64_t m_weightBytes = 0;
    std::uint64_t m_stateBytes = 0;
    std::uint64_t m_recurrentBytes = 0;
    std::uint64_t m_largestState = 0;
};

class WeightUploader
{
public:
    WeightUploader(const DeviceMemory &memory, Uploader &uploader)
        : m_memory(&memory), m_uploader(&uploader)
    { }

    Result<> matrix(const GpuMatrix &matrix);
    Result<> projections(const std::vector<ProjectionPart> &parts);
    Result<> norm(const GpuNorm &norm);
    Result<> floats(SliceId to, std::span<const float> values);
    Result<> tensor(SliceId to, const llm::Tensor &tensor); // as float32, zero behind its end
    Result<> clear(SliceId slice);

private:
    const DeviceMemory *m_memory;
    Uploader *m_uploader;
};

} // namespace alcove::gpu
