// The dense feed-forward, with a gate or without.
#include "core/cpu/forward_pass.h"
#include "core/cpu/work_shares.h"

#include <algorithm>

namespace alcove::cpu {

void ForwardPass::dense(const PreparedDense &f, std::size_t tokens, const Target &target,
                        const CancelToken &cancel)
{
    const std::size_t hidden = f.up.rows;
    const Activations x = m_normed.view(tokens, m_spec.width);
    const bool quantised = usesInt8Activations(f.down.weight->type);
    const std::size_t units = divideUp(hidden, kHiddenStep);
    const std::size_t grain =
        unitsAtATime(rowBytes(*f.up.weight) * kHiddenStep, units, tokens, m_pool.size());
    const PreparedLinear &first = f.gate.there() ? f.gate : f.up;
    float *inner = m_hidden.values();
    projectChanges({&f.gate, &f.up}, x);
    m_pool.run(units, grain, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        if (cancel.cancelled())
            return;
        const std::size_t from = begin * kHiddenStep;
        const std::size_t to = std::min(hidden, end * kHiddenStep);
        multiplyRows(first, from, to, x, inner, thread);
        if (f.gate.there())
            multiplyRows(f.up, from, to, x, m_up.data(), thread);
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::size_t at = t * hidden + from;
            m_kernels.activate(f.activation, inner + at,
                               f.gate.there() ? m_up.data() + at : nullptr, to - from, inner + at);
            if (quantised)
                m_hidden.quantise(m_kernels, t, hidden, from, to);
        }
    });
    if (!cancel.cancelled())
        multiplyAndAdd(f.down, m_hidden.view(tokens, hidden), target, cancel);
}

} // namespace alcove::cpu
