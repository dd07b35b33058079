#include "gpu/prefill.h"

#include "gpu/adapters.h"

#include <algorithm>
#include <cstring>

namespace alcove::gpu {

namespace {

constexpr std::uint32_t kReadRows = 64; // tokens whose values the host reads at a time, at least

} // namespace

Prefill::Prefill(const GpuModel &model, BatchContext &context, DeviceMemory &memory)
    : m_model(&model), m_context(&context), m_memory(&memory),
      m_width(paddedColumns(model.spec().width))
{
    const llm::ModelSpec &spec = model.spec();
    const GpuMatrix &table = model.embedding();
    Pipelines &pipelines = context.pipelines();
    m_embed = pipelines.add(variant("embed", table.layout.type),
                            {{embed::Chunks, table.layout.chunks},
                             {embed::Step, 0},
                             {embed::LeavesNext, 0},
                             {embed::Addend, model.addend()}});
    for (std::size_t i = 0; i < model.joins().size(); ++i)
        m_joins.push_back(joinKernel(pipelines, model.joins()[i], spec.width, i > 0));
    if (!model.isEncoder())
        m_output = context.logitsMatmul(model.output());

    const std::uint64_t tokens = context.maxTokens();
    // An encoder has no logits; what is read of it are the values behind its output norm.
    const std::uint64_t rowBytes = std::uint64_t(model.isEncoder() ? 0 : spec.vocabulary) * 4;
    m_tokens = memory.plan(tokens * 4);
    m_x = context.scratch().need("residual", tokens * m_width);
    m_normed = context.scratch().need("normed", tokens * m_width);
    m_update = context.scratch().need("update", tokens * m_width);
    m_logits = memory.plan(context.tuning().logitRows * rowBytes);
    m_readbackBytes =
        std::max(context.tuning().logitRows * rowBytes, std::uint64_t(kReadRows) * m_width * 4);
    m_readback = memory.plan(m_readbackBytes, MemoryUse::Readback);
}

Address Prefill::hiddenOf(std::uint32_t token) const
{
    return at(m_x) + std::uint64_t(token) * m_width * 4;
}

Address Prefill::normedOf(std::uint32_t token) const
{
    return at(m_normed) + std::uint64_t(token) * m_width * 4;
}

Result<> Prefill::run(std::span<const llm::Token> tokens, std::uint32_t position,
                      const CancelToken &cancel, const std::function<void(double)> &fraction,
                      std::span<const BatchText> texts)
{
    const auto count = static_cast<std::uint32_t>(tokens.size());
    BoundedSubmits &submits = m_context->submits();
    submits.begin(cancel);
    const auto setTokens = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
        constexpr std::size_t kMostTokens = 65536 / sizeof(llm::Token); // Vulkan's limit
        for (std::size_t first = 0; first < tokens.size(); first += kMostTokens) {
            const auto part = tokens.subspan(first, std::min(kMostTokens, tokens.size() - first));
            recorder.update((*m_memory)[m_tokens], first * sizeof(llm::Token), part.size_bytes(),
                            part.data());
        }
    };
    if (auto done = submits.add({1, 1, setTokens}); !done)
        return done;

    const GpuMatrix &table = m_model->embedding();
    const auto embedPart = [&](Recorder &recorder, std::uint32_t first, std::uint32_t part,
                               std::uint32_t at) {
        EmbedPush push;
        push.matrix = addressOf(table, *m_memory);
        push.tokens = (*m_memory)[m_tokens].address + std::uint64_t(first) * 4;
        push.x = hiddenOf(first);
        push.scale = m_model->spec().embeddingScale;
        push.position = at;
        push.addend =
            m_model->addend() != embed::NoAddend ? (*m_memory)[m_model->addendRows()].address : 0;
        recorder.dispatch(m_context->kernel(m_embed), push,
                          ceilDivide(table.layout.chunks, m_context->tuning().lanes), part);
    };
    const auto embed = [&](Recorder &recorder, std::uint32_t first, std::uint32_t part) {
        embedPart(recorder, first, part, position + first);
    };
    const auto embedTexts = [&](Recorder &recorder, std::uint32_t first, std::uint32_t part) {
        for (const BatchText &text : texts.subspan(first, part))
            embedPart(recorder, text.first, text.tokens, 0);
    };
    const auto textCount = static_cast<std::uint32_t>(texts.size());
    const BoundedStage stage = texts.empty()
        ? BoundedStage{count, double(m_width), embed}
        : BoundedStage{textCount, double(m_width) * count / textCount, embedTexts};
    if (auto done = submits.add(stage); !done)
        return done;
    const GpuAdapters *adapters = m_context->adapters();
    if (adapters && adapters->changesEmbedding()) {
        if (auto done = adapters->addEmbedding(*m_context, (*m_memory)[m_tokens].address, at(m_x),
                                               m_width, count);
            !done)
            return done;
    }
    if (auto done = runJoin(0, count); !done)
        return done;

    const std::size_t blocks = m_model->blocks().size();
    for (std::size_t i = 0; i < blocks; ++i) {
        const GpuJoin &after = m_model->joins()[i + 1];
        const Batch batch{count, position, at(m_normed), texts};
        const BatchEnd end{at(after.post.there() ? m_update : m_x), m_width, after.scale};
        if (auto done = m_model->blocks()[i]->runBatch(batch, end); !done)
            return done;
        if (auto done = runJoin(i + 1, count); !done)
            return done;
        fraction(double(i + 1) / double(blocks));
    }
    return submits.finish();
}

Result<> Prefill::runJoin(std::size_t join, std::uint32_t tokens)
{
    return m_context->submits().add(
        {tokens, double(m_width),
         [&](Recorder &recorder, std::uint32_t first, std::uint32_t count) {
             NormPush push = joinPush(m_model->joins()[join], *m_memory);
             push.x = hiddenOf(first);
             push.update = at(m_update) + std::uint64_t(first) * m_width * 4;
             push.y = normedOf(first);
             push.stride = m_width;
             recorder.dispatch(m_context->kernel(m_joins[join]), push, count);
         }});
}

Result<> Prefill::logits(std::uint32_t tokens, SliceId lastLogits, const CancelToken &cancel,
                         std::vector<float> &out)
{
    const std::uint32_t vocabulary = m_model->spec().vocabulary;
    const std::uint32_t rows = m_context->tuning().logitRows;
    BoundedSubmits &submits = m_context->submits();
    submits.begin(cancel);
    for (std::uint32_t first = 0; first < tokens; first += rows) {
        const std::uint32_t count = std::min(rows, tokens - first);
        if (auto done = m_context->runLogits(m_output, m_model->output(), normedOf(first),
                                             (*m_memory)[m_logits].address, count);
            !done)
            return done;
        const std::uint64_t bytes = std::uint64_t(count) * vocabulary * 4;
        const auto copy = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
            const Slice &from = (*m_memory)[m_logits];
            recorder.copy(from, 0, (*m_memory)[m_readback], 0, bytes);
            recorder.copy(from, bytes - std::uint64_t(vocabulary) * 4, (*m_memory)[lastLogits], 0,
                          std::uint64_t(vocabulary) * 4);
        };
        if (auto done = submits.add({1, 1, copy}); !done)
            return done;
        if (auto done = submits.finish(); !done)
            return done;
        const std::size_t size = out.size();
        out.resize(size + std::size_t(count) * vocabulary);
        std::memcpy(out.data() + size, (*m_memory)[m_readback].mapped, bytes);
    }
    return {};
}

Result<> Prefill::normed(std::uint32_t tokens, const CancelToken &cancel, std::vector<float> &out)
{
    const std::uint32_t width = m_model->spec().width;
    const std::uint64_t rowBytes = std::uint64_t(m_width) * 4;
    const auto most =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(m_readbackBytes / rowBytes, tokens));
    BoundedSubmits &submits = m_context->submits();
    submits.begin(cancel);
    for (std::uint32_t first = 0; first < tokens; first += most) {
        const std::uint32_t count = std::min(most, tokens - first);
        const auto copy = [&](Recorder &recorder, std::uint32_t, std::uint32_t) {
            recorder.copy(m_context->scratch().slice(m_normed), first * rowBytes,
                          (*m_memory)[m_readback], 0, count * rowBytes);
        };
        if (auto done = submits.add({1, 1, copy}); !done)
            return done;
        if (auto done = submits.finish(); !done)
            return done;
        const auto *values = reinterpret_cast<const float *>((*m_memory)[m_readback].mapped);
        for (std::uint32_t token = 0; token < count; ++token)
            out.insert(out.end(), values + std::size_t(token) * m_width,
                       values + std::size_t(token) * m_width + width);
    }
    return {};
}

} // namespace alcove::gpu
