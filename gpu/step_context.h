// StepContext: what the blocks of a decode step share: products of one token with a matrix, scratch
// buffers, and how a block's input and result lie in memory.
//
// First it plans (kernels, scratch), then, once memory is there, it records. One thread.
#pragma once

#include "gpu/pipelines.h"
#include "gpu/scratch.h"
#include "gpu/tuning.h"
#include "gpu/weights.h"

namespace alcove::gpu {

// How a block finds its input.
enum class InputForm {
    Ready, // normed
    // Multiplied by the norm's weights, but not by the inverse RMS, which is known only once the
    // stage before is done: a kernel takes it from the partial sums of squares (matvec's kNormed,
    // shaders/inverse_rms.glsl) and multiplies its results by it.
    ScalePending,
};

// What a block does with its result.
enum class EndForm {
    Residual, // adds it, times a scale, to the residual
    Update, // stores it: a norm comes first
};

// What a block needs to know when it is planned.
struct BlockPlace {
    InputForm input = InputForm::Ready;
    EndForm end = EndForm::Residual;
    // Decode step, Residual only: leave behind the next block's input as well, ScalePending.
    bool leavesNext = false;
};

struct StepInput {
    Address x = 0; // [padded width]
    // ScalePending only.
    Address sums = 0; // partial sums of squares of the residual
    std::uint32_t sumCount = 0;
    float epsilon = 0;
};

// Where the result r goes. Residual: y[i] += scale * r[i]. Update: y[i] = r[i]. When the place
// leavesNext: normed[i] = y[i] * gain[i], and sums gets the sums of y[i]^2, exactly residualSums()
// of them.
struct StepEnd {
    Address y = 0; // [width]
    float scale = 1;
    Address gain = 0;
    Address normed = 0;
    Address sums = 0;
};

// Products with matrices of experts, [experts][rows] (shaders/matvec.comp).
struct ExpertUse {
    std::uint32_t experts = 0;
    std::uint32_t used = 0; // of them, by a token
    std::uint32_t slotStride = 0; // of the results of those used, in floats
    bool shared = false; // the end adds a shared expert's result,
    bool sharedGate = false; // times the sigmoid of a logit
    bool slotInput = false; // the input has a row for each of those used
};

struct ExpertInputs {
    Address choice = 0; // [used]: expert, weight
    Address sharedSum = 0; // [width]
    Address sharedGate = 0;
};

class GpuAdapters;

class StepContext
{
public:
    StepContext(const llm::ModelSpec &spec, const Device &device, const Tuning &tuning,
                Pipelines &pipelines, DeviceMemory &memory);

    // A product with a matrix.
    struct Matvec {
        PipelineId pipeline = 0;
        std::uint32_t workgroups = 0;
        std::uint32_t slots = 1; // experts whose results are apart
    };
    // What comes after a product: the activation, and whether it is times a second product, of the
    // matrix' lower half.
    struct Finish {
        std::uint32_t activation = activation::None;
        bool gated = false;
        bool logits = false; // scaled and soft-capped
    };

    // --- planning
    Matvec matvec(const GpuMatrix &matrix, InputForm input);
    Matvec matvec(const GpuMatrix &matrix, InputForm input, const Finish &finish);
    // The product that ends a block; of an input that is Ready.
    Matvec endMatvec(const GpuMatrix &matrix, const BlockPlace &place);
    // The product of the chosen experts, each with a row of results; and the one that ends a block,
    // of a row of inputs for each of them, added up by weight.
    Matvec expertMatvec(const GpuMatrix &matrix, InputForm input, const Finish &finish,
                        const ExpertUse &use);
    Matvec expertEndMatvec(const GpuMatrix &matrix, const BlockPlace &place, const ExpertUse &use);
    Scratch &scratch() { return m_scratch; }
    Pipelines &pipelines() { return *m_pipelines; }
    const Tuning &tuning() const { return m_tuning; }
    std::uint32_t lanes() const { return m_tuning.lanes; }
    // Partial sums that an end leaves behind: one for each matvecRows rows.
    std::uint32_t residualSums() const { return m_residualSums; }

    // Adapters that change products from now on, or none; they outlive their use here.
    void use(const GpuAdapters *adapters) { m_adapters = adapters; }
    const GpuAdapters *adapters() const { return m_adapters; }

    // --- recording
    // y = matrix * input (finished as planned). Into the running stage.
    void record(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                const StepInput &input, Address y) const;
    void recordEnd(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix, Address x,
                   const StepEnd &end) const;
    void recordExperts(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                       const StepInput &input, const ExpertInputs &experts, Address y) const;
    void recordExpertEnd(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                         Address x, const ExpertInputs &experts, const StepEnd &end) const;
    void recordLogits(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                      const StepInput &input, Address y) const;
    VkPipeline kernel(PipelineId id) const { return m_pipelines->get(id); }
    Address at(ScratchId id) const { return m_scratch.at(id); }
    const DeviceMemory &memory() const { return *m_memory; }
    Address state() const { return (*m_memory)[m_state].address; } // StepState
    SliceId stateSlice() const { return m_state; }

private:
    Matvec matvecKernel(const GpuMatrix &matrix, InputForm input, const Finish &finish,
                        const BlockPlace *end, const ExpertUse *experts = nullptr);
    MatvecPush pushOf(const GpuMatrix &matrix, const StepInput &input, Address y) const;
    MatvecPush endPushOf(const GpuMatrix &matrix, Address x, const StepEnd &end) const;
    void dispatch(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                  MatvecPush push) const;

    const llm::ModelSpec *m_spec;
    Tuning m_tuning;
    std::uint32_t m_maxWorkgroups;
    Pipelines *m_pipelines;
    const DeviceMemory *m_memory;
    Scratch m_scratch;
    std::uint32_t m_residualSums;
    SliceId m_state = 0;
    const GpuAdapters *m_adapters = nullptr;
};

} // namespace alcove::gpu
