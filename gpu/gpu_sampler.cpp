#include "gpu/gpu_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace alcove::gpu {

namespace {

float finiteOr(float value, float otherwise)
{
    return std::isfinite(value) ? value : otherwise;
}

bool greedy(const llm::SamplingParams &params)
{
    return !(params.temperature > 0); // also for what is no number
}

// Slices are many enough for their maxima to bound the K best, and few enough to look through.
std::uint32_t sliceSize(std::uint32_t vocabulary)
{
    constexpr std::uint32_t kSlices = 2 * kMaxTopK;
    return std::max(64u, ceilDivide(vocabulary, kSlices));
}

// As llm::Sampler reads them.
StepState stateOf(const llm::SamplingParams &params)
{
    StepState state;
    state.seedLow = static_cast<std::uint32_t>(params.seed);
    state.seedHigh = static_cast<std::uint32_t>(params.seed >> 32);
    state.topK = params.topK;
    state.temperature = params.temperature;
    state.topP = std::isnan(params.topP) ? 1.0f : params.topP;
    state.minP = std::isnan(params.minP) ? 0.0f : params.minP;
    if (greedy(params)) {
        state.flags |= kFlagGreedy;
        state.topK = 1;
    }
    state.repeatPenalty = finiteOr(params.repeatPenalty, 1.0f);
    if (!(state.repeatPenalty > 0))
        state.repeatPenalty = 1.0f;
    state.presencePenalty = finiteOr(params.presencePenalty, 0.0f);
    state.frequencyPenalty = finiteOr(params.frequencyPenalty, 0.0f);
    if (params.penaltyWindow > 0
        && (state.repeatPenalty != 1.0f || state.presencePenalty != 0.0f
            || state.frequencyPenalty != 0.0f)) {
        state.flags |= kFlagPenalties;
        state.window = params.penaltyWindow;
    }
    return state;
}

} // namespace

GpuSampler::GpuSampler(std::uint32_t vocabulary, Pipelines &pipelines, DeviceMemory &memory)
    : m_vocabulary(vocabulary), m_slices(ceilDivide(vocabulary, sliceSize(vocabulary))),
      m_pipelines(&pipelines), m_memory(&memory)
{
    m_sample = pipelines.add("sample",
                             {{sample::Slice, sliceSize(vocabulary)},
                              {sample::Vocabulary, vocabulary},
                              {sample::Ring, kRingTokens}});
    m_count = pipelines.add("count_window");
    m_counts = memory.plan(std::uint64_t(vocabulary) * 4);
    m_window = memory.plan(std::uint64_t(kMaxPenaltyWindow) * 4);
    m_ring = memory.plan(std::uint64_t(kRingTokens) * 4, MemoryUse::Readback);
    m_list = memory.plan(std::uint64_t(vocabulary) * 4);
    m_maxima = memory.plan(std::uint64_t(m_slices) * 4);
    m_counter = memory.plan(4);
}

bool GpuSampler::supports(const llm::SamplingParams &params)
{
    const StepState state = stateOf(params);
    return params.plain() && state.topK >= 1 && state.topK <= kMaxTopK
        && state.window <= kMaxPenaltyWindow;
}

void GpuSampler::recordStart(Recorder &recorder, const llm::SamplingParams &params,
                             std::span<const llm::Token> history, std::uint32_t position,
                             const Slice &state) const
{
    StepState start = stateOf(params);
    start.position = position;
    start.drawnLow = static_cast<std::uint32_t>(params.firstDraw);
    start.drawnHigh = static_cast<std::uint32_t>(params.firstDraw >> 32);
    recorder.nextStage();
    if (start.flags & kFlagPenalties) {
        const std::size_t kept = std::min<std::size_t>(history.size(), start.window);
        start.windowCount = static_cast<std::uint32_t>(kept);
        start.windowNext = start.windowCount == start.window ? 0 : start.windowCount;
        recorder.fill((*m_memory)[m_counts], 0);
        const std::span<const llm::Token> last = history.last(kept);
        if (!last.empty())
            recorder.update((*m_memory)[m_window], 0, last.size_bytes(), last.data());
    }
    recorder.update(state, 0, sizeof(start), &start);
    if (start.windowCount > 0) {
        CountWindowPush push;
        push.window = at(m_window);
        push.counts = at(m_counts);
        push.tokens = start.windowCount;
        push.vocabulary = m_vocabulary;
        recorder.nextStage();
        recorder.dispatch(m_pipelines->get(m_count), push, 1);
    }
}

void GpuSampler::record(Recorder &recorder, Address logits, Address state, Advance advance) const
{
    SamplePush push;
    push.logits = logits;
    push.counts = at(m_counts);
    push.window = at(m_window);
    push.ring = at(m_ring);
    push.list = at(m_list);
    push.state = state;
    push.maxima = at(m_maxima);
    push.counter = at(m_counter);
    push.advance = static_cast<std::uint32_t>(advance);
    recorder.nextStage();
    recorder.dispatch(m_pipelines->get(m_sample), push, m_slices);
}

llm::Token GpuSampler::drawn(std::uint64_t n) const
{
    llm::Token token = 0;
    std::memcpy(&token, (*m_memory)[m_ring].mapped + n % kRingTokens * 4, sizeof(token));
    return token;
}

} // namespace alcove::gpu
