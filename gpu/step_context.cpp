#include "gpu/step_context.h"

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

StepContext::Matvec StepContext::matvecKernel(const GpuMatrix &matrix, InputForm input,
                                              const Finish &finish, const BlockPlace *end)
{
    const std::uint32_t outputs = finish.gated ? matrix.rows() / 2 : matrix.rows();
    const std::uint32_t rows = finish.gated ? m_tuning.gatedRows : m_tuning.matvecRows;
    Matvec kernel;
    kernel.pipeline = m_pipelines->add(
        variant("matvec", matrix.layout.type),
        {{matvec::Rows, rows},
         {matvec::Chunks, matrix.layout.chunks},
         {matvec::Outputs, outputs},
         {matvec::Gated, finish.gated},
         {matvec::Normed, input == InputForm::ScalePending},
         {matvec::Residual, end && end->end == EndForm::Residual},
         {matvec::Bias, matrix.bias.has_value()},
         {matvec::Width, m_spec->width},
         {matvec::LeavesNext, end && end->end == EndForm::Residual && end->leavesNext},
         {matvec::Logits, finish.logits},
         {activation::Kind, finish.activation}});
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

void StepContext::dispatch(Recorder &recorder, const Matvec &kernel, const MatvecPush &push) const
{
    const std::uint32_t x = std::min(kernel.workgroups, m_maxWorkgroups);
    recorder.dispatch(m_pipelines->get(kernel.pipeline), push, x, ceilDivide(kernel.workgroups, x));
}

void StepContext::record(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                         const StepInput &input, Address y) const
{
    dispatch(recorder, kernel, pushOf(matrix, input, y));
}

void StepContext::recordEnd(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                            Address x, const StepEnd &end) const
{
    MatvecPush push = pushOf(matrix, {x}, end.y);
    push.gain = end.gain;
    push.normed = end.normed;
    push.sumsOut = end.sums;
    push.scale = end.scale;
    dispatch(recorder, kernel, push);
}

void StepContext::recordLogits(Recorder &recorder, const Matvec &kernel, const GpuMatrix &matrix,
                               const StepInput &input, Address y) const
{
    MatvecPush push = pushOf(matrix, input, y);
    push.scale = m_spec->logitScale;
    push.softCap = m_spec->logitSoftCap;
    dispatch(recorder, kernel, push);
}

} // namespace alcove::gpu
