#include "core/cpu/low_rank.h"

#include "core/cpu/work_shares.h"

#include <algorithm>

namespace alcove::cpu {
namespace {

// [rows][columns] turned into [columns][rows], times `scale`.
Buffer<float> transposed(const llm::Tensor &tensor, std::uint64_t firstRow, std::size_t rows,
                         float scale)
{
    const auto columns = static_cast<std::size_t>(tensor.columns());
    Buffer<float> result(rows * columns);
    std::vector<float> row(columns);
    for (std::size_t r = 0; r < rows; ++r) {
        llm::dequantise(tensor, (firstRow + r) * columns, columns, row.data());
        for (std::size_t c = 0; c < columns; ++c)
            result.data()[c * rows + r] = scale * row[c];
    }
    return result;
}

} // namespace

LowRankChanges::LowRankChanges(llm::AdapterSet adapters, const llm::ModelSpec &spec,
                               const PreparedModel &model, std::size_t batch)
    : m_adapters(std::move(adapters))
{
    const auto linear = [&](const PreparedLinear &one) {
        if (one.there())
            addMatrix(one.weight, *one.weight, 0, roomOf(one.weight, batch));
    };
    const auto experts = [&](const PreparedExpertMatrices &matrices,
                             const llm::ExpertMatrices &source, std::size_t used) {
        if (!source.weight)
            return;
        const std::size_t room = roomOf(source.weight, batch * used);
        for (std::size_t e = 0; e < matrices.weights.size(); ++e)
            addMatrix(source.weight, matrices.weights[e], e, room);
    };
    const auto dense = [&](const PreparedDense &f) {
        linear(f.gate);
        linear(f.up);
        linear(f.down);
    };
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const PreparedLayer &layer = model.layers[i];
        if (const auto *a = layer.attention()) {
            linear(a->query);
            linear(a->key);
            linear(a->value);
            linear(a->output);
        } else if (const auto *c = std::get_if<PreparedShortConvolution>(&layer.mixer)) {
            linear(c->in);
            linear(c->out);
        } else if (const auto *d = std::get_if<PreparedDeltaNet>(&layer.mixer)) {
            for (const PreparedLinear *one : {&d->qkv, &d->gate, &d->alpha, &d->beta, &d->out})
                linear(*one);
        } else if (const auto *m = std::get_if<PreparedMamba2>(&layer.mixer)) {
            linear(m->in);
            linear(m->out);
        }
        if (const auto *f = std::get_if<PreparedDense>(&layer.feedForward)) {
            dense(*f);
        } else if (const auto *e = std::get_if<PreparedExperts>(&layer.feedForward)) {
            const auto &source = std::get<llm::ExpertFeedForward>(spec.layers[i].feedForward);
            linear(e->router);
            experts(e->gate, source.gate, e->used);
            experts(e->up, source.up, e->used);
            experts(e->down, source.down, e->used);
            if (e->shared)
                dense(*e->shared);
        }
    }
    linear(model.output);
    for (const llm::LowRank &part : m_adapters.embedding())
        m_embedding.push_back({part.a, transposed(*part.b, 0, spec.width, part.scale)});
    m_inner = Buffer<float>(m_room);
    // As many as a product of all experts' groups wants.
    std::size_t most = 1;
    for (const auto &[weights, changes] : m_changes)
        most = std::max(most, changes.size());
    m_wanted.reserve(most * (8 + 2 * model.experts));
}

std::size_t LowRankChanges::roomOf(const llm::Tensor *source, std::size_t rows)
{
    const std::size_t room = m_room;
    for (const llm::LowRank &part : m_adapters.of(source))
        m_room += rows * part.rank();
    return room;
}

void LowRankChanges::addMatrix(const llm::Tensor *source, const llm::Tensor &weights,
                               std::uint64_t expert, std::size_t room)
{
    const auto parts = m_adapters.of(source);
    if (parts.empty())
        return;
    const std::size_t rows = [&] {
        std::size_t all = 0;
        for (const llm::LowRank &part : parts)
            all += part.rank();
        return (m_room - room) / all;
    }();
    std::vector<Change> &changes = m_changes[&weights];
    for (const llm::LowRank &part : parts) {
        const auto inputs = static_cast<std::size_t>(part.a->columns());
        Change change;
        change.rank = part.rank();
        change.outputs = static_cast<std::size_t>(part.b->shape[1]);
        change.a = Buffer<float>(change.rank * inputs);
        llm::dequantise(*part.a, expert * change.rank * inputs, change.rank * inputs,
                        change.a.data());
        change.aTensor.rank = 2;
        change.aTensor.shape = {inputs, change.rank, 1, 1};
        change.aTensor.data = std::as_bytes(std::span(change.a.data(), change.a.size()));
        change.b = transposed(*part.b, expert * change.outputs, change.outputs, part.scale);
        change.room = room;
        room += rows * change.rank;
        changes.push_back(std::move(change));
    }
}

void LowRankChanges::want(const llm::Tensor &weights, const Activations &x, std::size_t row)
{
    const auto found = m_changes.find(&weights);
    if (found == m_changes.end())
        return;
    for (const Change &change : found->second)
        m_wanted.push_back({&change, x, row});
}

void LowRankChanges::project(ThreadPool &pool, const KernelTable &kernels, KernelScratch *scratch)
{
    std::size_t units = 0;
    for (const Wanted &wanted : m_wanted)
        units += divideUp(wanted.change->rank, kRowPanel);
    pool.run(units, 1, [&](std::size_t begin, std::size_t end, std::uint32_t thread) {
        std::size_t first = 0;
        for (const Wanted &wanted : m_wanted) {
            const Change &change = *wanted.change;
            const std::size_t last = first + divideUp(change.rank, kRowPanel);
            if (begin < last && end > first) {
                const std::size_t from = (std::max(begin, first) - first) * kRowPanel;
                const std::size_t to =
                    std::min(change.rank, (std::min(end, last) - first) * kRowPanel);
                kernels.matMul(change.aTensor, from, to, wanted.x,
                               m_inner.data() + change.room + wanted.row * change.rank, change.rank,
                               scratch[thread]);
            }
            first = last;
        }
    });
}

void LowRankChanges::add(const llm::Tensor &weights, std::size_t row, std::size_t tokens,
                         std::size_t firstRow, std::size_t lastRow, const KernelTable &kernels,
                         float *out, std::size_t stride) const
{
    const auto found = m_changes.find(&weights);
    if (found == m_changes.end())
        return;
    for (const Change &change : found->second) {
        const float *inner = m_inner.data() + change.room + row * change.rank;
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t r = 0; r < change.rank; ++r)
                kernels.addScaled(out + t * stride + firstRow,
                                  change.b.data() + r * change.outputs + firstRow,
                                  inner[t * change.rank + r], lastRow - firstRow);
        }
    }
}

void LowRankChanges::addEmbedding(llm::Token token, const KernelTable &kernels, float *y) const
{
    for (const Embedding &part : m_embedding) {
        const auto rank = static_cast<std::size_t>(part.a->columns());
        const std::size_t width = part.b.size() / rank;
        // A row may be stored in blocks, which are expanded whole.
        constexpr std::size_t kMost = 256;
        float row[kMost];
        const llm::TensorTypeInfo *type = llm::tensorTypeInfo(part.a->type);
        const std::size_t step = std::max<std::size_t>(
            type->blockElements, kMost / type->blockElements * type->blockElements);
        for (std::size_t first = 0; first < rank; first += step) {
            const std::size_t count = std::min(step, rank - first);
            llm::dequantise(*part.a, std::uint64_t(token) * rank + first, count, row);
            for (std::size_t r = 0; r < count; ++r)
                kernels.addScaled(y, part.b.data() + (first + r) * width, row[r], width);
        }
    }
}

std::uint64_t LowRankChanges::bytes() const
{
    std::uint64_t bytes = m_inner.bytes();
    for (const auto &[weights, changes] : m_changes) {
        for (const Change &change : changes)
            bytes += change.a.bytes() + change.b.bytes();
    }
    for (const Embedding &part : m_embedding)
        bytes += part.b.bytes();
    return bytes;
}

} // namespace alcove::cpu
