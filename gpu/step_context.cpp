#include "gpu/step_context.h"

#include "gpu/adapters.h"
#include "gpu/step_state.h"

#include <algorithm>

namespace alcove::gpu {

StepContext::StepContext(const llm::ModelSpec &spec, const Device &device, const Tuning &tuning,
                         Pipelines &pipelines, DeviceMemory &memory)
    : m_spec(&spec), m_tuning(tuning), m_maxWorkgroups(device.limits().maxWorkgroups),
      m_pipelines(&pipelines), m_memory(&memory), m_scratch(memory),
      m_residualSums(ceilDivide(spec.width, tuning.matvecRows)),
      m_state(memory.plan(sizeof(StepState)))
{ }

StepContext::Matvec StepContext::matvec(const GpuMatrix &matrix, InputForm input)
{
    return matvecKernel(matrix, input, {}, nullptr);
}

StepContext::Matvec StepContext::matvec(const GpuMatrix &matrix, InputForm input,
                                        const Finish &finish)
{
    return matvecKernel(matrix, input, finish, nullptr);
}

StepContext::Matvec StepContext::endMatvec(const GpuMatrix &matrix, const BlockPlace &place)
{
    return matvecKernel(matrix, InputForm::Ready, {}, &place);
}

StepContext::Matvec StepContext::expertMatvec(const GpuMatrix &matrix, InputForm input,
                                              const Finish &finish, const ExpertUse &use)
{
    return matvecKernel(matrix, input, finish, nullptr, &use);
}

StepContext::Matvec StepContext::expertEndMatvec(const GpuMatrix &matrix, const BlockPlace &place,
                                                 const ExpertUse &use)
{
    return matvecKernel(matrix, InputForm::Ready, {}, &place, &use);
}

StepContext::Matvec StepContext::matvecKernel(const GpuMatrix &matrix, InputForm input,
                                              const Finish &finish, const BlockPlace *end,
                                              const ExpertUse *experts)
{
    const std::uint32_t all = experts ? matrix.rows() / experts->experts : matrix.rows();
    const std::uint32_t outputs = finish.gated ? all / 2 : all;
    const std::uint32_t rows = finish.gated ? m_tuning.gatedRows : m_tuning.matvecRows;
    Matvec kernel;
    std::vector<Constant> constants = {
        {matvec::Rows, rows},
        {matvec::Chunks, matrix.layout.chunks},
        {matvec::Outputs, outputs},
        {matvec::Gated, finish.gated},
        {matvec::Normed, input == InputForm::ScalePending},
        {matvec::Residual, end && end->end == EndForm::Residual},
        {matvec::Bias, matrix.bias.has_value()},
        {matvec::Width, m_spec->width},
        {matvec::LeavesNext, end && end->end == EndForm::Residual && end->leavesNext},
        {matvec::Logits, finish.logits},
        {activation::Kind, finish.activation}};
    if (experts) {
        constants.push_back({matvec::Experts, end ? matvec::ExpertSum : matvec::EachExpert});
        constants.push_back({matvec::Used, experts->used});
        constants.push_back({matvec::SlotStride, end ? 0 : experts->slotStride});
        constants.push_back({matvec::Shared, end && experts->shared});
        constants.push_back({matvec::SharedGate, end && experts->sharedGate});
        constants.push_back({matvec::SlotInput, experts->slotInput});
        kernel.slots = end ? 1 : experts->used;
    }
    kernel.pipeline = m_pipelines->add(variant("matvec", matrix.layout.type), std::move(constants));
    kernel.workgroups = ceilDivide(outputs, rows);
    return kernel;
}

MatvecPush StepContext::pushOf(const GpuMatrix &matrix, const StepInput &input, Address y) const
{
    MatvecPush push;
    push.matrix = addressOf(matrix, *m_memory);
    push.x = input.x;
    push.y = y;
    push.bias = matrix.bias ? (*m_memory)[*matrix.bias].address : 0;
    push.sumsIn = input.sums;
    push.sumCount = input.sumCount;
    push.epsilon = input.epsilon;
    return push;
}

void StepContext::dispatch(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                           MatvecPush push) const
{
    VkPipeline pipeline = m_pipelines->get(kernel.pipeline);
    if (m_adapters && m_adapters->changes(matrix))
        pipeline = m_adapters->recordStep(recorder, kernel, matrix, push);
    const std::uint32_t x = std::min(kernel.workgroups, m_maxWorkgroups);
    recorder.dispatch(pipeline, push, x, ceilDivide(kernel.workgroups, x), kernel.slots);
}

void StepContext::record(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                         const StepInput &input, Address y) const
{
    dispatch(recorder, kernel, matrix, pushOf(matrix, input, y));
}

MatvecPush StepContext::endPushOf(const GpuMatrix &matrix, Address x, const StepEnd &end) const
{
    MatvecPush push = pushOf(matrix, {x}, end.y);
    push.gain = end.gain;
    push.normed = end.normed;
    push.sumsOut = end.sums;
    push.scale = end.scale;
    return push;
}

void StepContext::recordEnd(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                            Address x, const StepEnd &end) const
{
    dispatch(recorder, kernel, matrix, endPushOf(matrix, x, end));
}

void StepContext::recordExperts(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                                const StepInput &input, const ExpertInputs &experts,
                                Address y) const
{
    MatvecPush push = pushOf(matrix, input, y);
    push.choice = experts.choice;
    dispatch(recorder, kernel, matrix, push);
}

void StepContext::recordExpertEnd(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                                  Address x, const ExpertInputs &experts, const StepEnd &end) const
{
    MatvecPush push = endPushOf(matrix, x, end);
    push.choice = experts.choice;
    push.sharedSum = experts.sharedSum;
    push.sharedGate = experts.sharedGate;
    dispatch(recorder, kernel, matrix, push);
}

void StepContext::recordLogits(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                               const StepInput &input, Address y) const
{
    MatvecPush push = pushOf(matrix, input, y);
    push.scale = m_spec->logitScale;
    push.softCap = m_spec->logitSoftCap;
    dispatch(recorder, kernel, matrix, push);
}

} // namespace alcove::gpu
