#include "core/llm/adapter.h"

#include "core/llm/display_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <unordered_set>

namespace alcove::llm {

namespace {

constexpr std::string_view kEmbedding = "token_embd.weight";
constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";

std::string shapeText(const Tensor &tensor)
{
    std::string text;
    for (std::uint32_t i = tensor.rank; i-- > 0;)
        text += "[" + std::to_string(tensor.shape[i]) + "]";
    return text;
}

bool runnable(const Tensor &tensor)
{
    const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
    return info && info->runnable;
}

// Every matrix that the specification multiplies by.
std::unordered_set<const Tensor *> matricesOf(const ModelSpec &spec)
{
    std::unordered_set<const Tensor *> found;
    const auto add = [&](const auto &...matrices) { (found.insert(matrices.weight), ...); };
    const auto addDense = [&](const DenseFeedForward &f) { add(f.gate, f.up, f.down); };
    for (const Layer &layer : spec.layers) {
        if (const auto *a = std::get_if<Attention>(&layer.mixer))
            add(a->query, a->key, a->value, a->output);
        else if (const auto *c = std::get_if<ShortConvolution>(&layer.mixer))
            add(c->in, c->out);
        else if (const auto *d = std::get_if<GatedDeltaNet>(&layer.mixer))
            add(d->qkv, d->gate, d->alpha, d->beta, d->out);
        else if (const auto *m = std::get_if<Mamba2>(&layer.mixer))
            add(m->in, m->out);
        if (const auto *dense = std::get_if<DenseFeedForward>(&layer.feedForward)) {
            addDense(*dense);
        } else if (const auto *experts = std::get_if<ExpertFeedForward>(&layer.feedForward)) {
            add(experts->router, experts->gate, experts->up, experts->down);
            if (experts->shared)
                addDense(*experts->shared);
        }
    }
    if (!spec.tiedEmbedding)
        add(spec.output);
    found.erase(nullptr);
    return found;
}

// The first row of `whole` that `part` begins with; nothing when it is no run of its rows.
std::optional<std::uint64_t> firstRow(const Tensor &part, const Tensor &whole)
{
    const auto *begin = whole.data.data();
    const auto *at = part.data.data();
    if (part.type != whole.type || part.columns() != whole.columns() || part.rank != 2
        || whole.rank != 2 || std::less<>()(at, begin)
        || std::less<>()(begin + whole.data.size(), at + part.data.size()))
        return std::nullopt;
    const std::size_t rowBytes = whole.data.size() / std::size_t(whole.rows());
    const auto offset = std::size_t(at - begin);
    if (offset % rowBytes != 0)
        return std::nullopt;
    return offset / rowBytes;
}

Tensor rowsOf(const Tensor &whole, std::uint64_t first, std::uint64_t count)
{
    Tensor part = whole;
    const std::size_t rowBytes = whole.data.size() / std::size_t(whole.rows());
    part.shape[1] = count;
    part.data = whole.data.subspan(std::size_t(first) * rowBytes, std::size_t(count) * rowBytes);
    return part;
}

} // namespace

Result<std::shared_ptr<const Adapter>> Adapter::open(const std::string &path)
{
    auto file = GgufFile::open(path);
    if (!file)
        return fail(file.error());
    return fromFile(std::move(*file));
}

Result<std::shared_ptr<const Adapter>> Adapter::parse(std::span<const std::byte> bytes,
                                                      std::string name)
{
    auto file = GgufFile::parse(bytes, std::move(name));
    if (!file)
        return fail(file.error());
    return fromFile(std::move(*file));
}

Result<std::shared_ptr<const Adapter>> Adapter::fromFile(GgufFile file)
{
    const std::string &path = file.path();
    if (file.string("general.type") != "adapter")
        return fail(ErrorCode::InvalidFile, path + " is not an adapter.");
    if (const auto type = file.string("adapter.type"); type != "lora")
        return fail(ErrorCode::Unsupported,
                    path + " is an adapter of the kind '" + displayText(type.value_or(""))
                        + "'; only LoRA adapters are supported.");
    const auto architecture = file.string("general.architecture");
    if (!architecture)
        return fail(ErrorCode::InvalidFile,
                    "The adapter " + path + " does not say what architecture it is for.");
    if (file.find("adapter.alora.invocation_tokens"))
        return fail(ErrorCode::Unsupported,
                    "The adapter " + path
                        + " takes effect from certain words on only (activated LoRA), which is not "
                          "supported.");
    const auto alpha = file.number("adapter.lora.alpha");
    if ((file.find("adapter.lora.alpha") && !alpha) || std::fabs(alpha.value_or(0)) > 1e6)
        return fail(ErrorCode::InvalidFile,
                    "The adapter " + path + " is damaged: its alpha is not a usable number.");
    try {
        auto adapter = std::make_shared<Adapter>();
        adapter->m_architecture = *architecture;
        adapter->m_alpha = float(alpha.value_or(0));
        adapter->m_file = std::move(file);
        if (auto read = adapter->readPairs(); !read)
            return fail(read.error());
        return adapter;
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the adapter.");
    }
}

Result<> Adapter::readPairs()
{
    const auto broken = [&](const Tensor &tensor, const std::string &what) {
        return fail(ErrorCode::InvalidFile,
                    "The adapter " + path() + " is damaged: its tensor " + displayText(tensor.name)
                        + " " + what + ".");
    };
    for (const Tensor &tensor : m_file.tensors()) {
        const std::string_view name = tensor.name;
        const bool isA = name.size() > kSuffixA.size() && name.ends_with(kSuffixA);
        const bool isB = name.size() > kSuffixB.size() && name.ends_with(kSuffixB);
        if (!isA && !isB)
            return fail(ErrorCode::Unsupported,
                        "The adapter " + path() + " also replaces " + displayText(name)
                            + ", which is not supported; only pairs of low-rank matrices are.");
        if (!runnable(tensor))
            return fail(ErrorCode::Unsupported,
                        "The adapter " + path() + " has the tensor " + displayText(name)
                            + " in a format that is not supported yet.");
        const std::string base(name.substr(0, name.size() - kSuffixA.size()));
        const Tensor *other = m_file.findTensor(base + std::string(isA ? kSuffixB : kSuffixA));
        if (!other)
            return broken(tensor, "has no partner");
        if (isB)
            continue;
        const Tensor &a = tensor;
        const Tensor &b = *other;
        if (a.rank != b.rank || a.rank < 2 || a.rank > 3 || a.shape[2] != b.shape[2])
            return broken(
                a, "and its partner have the shapes " + shapeText(a) + " and " + shapeText(b));
        const std::uint64_t rank = b.shape[0];
        if (rank == 0 || (base == kEmbedding ? a.shape[0] : a.shape[1]) != rank)
            return broken(a,
                          "and its partner are of different ranks: " + shapeText(a) + " and "
                              + shapeText(b));
        // As in other programs, an alpha of zero is one that nobody gave.
        const float scale = m_alpha != 0.0f ? m_alpha / float(rank) : 1.0f;
        m_pairs.push_back({base, {&a, &b, scale}});
    }
    if (m_pairs.empty())
        return fail(ErrorCode::InvalidFile, "The adapter " + path() + " is empty.");
    return {};
}

Result<AdapterSet> AdapterSet::bind(const Model &model, std::span<const AdapterUse> uses)
{
    AdapterSet set;
    try {
        for (const AdapterUse &use : uses) {
            if (auto added = set.add(model, use); !added)
                return fail(added.error());
        }
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory for the adapters.");
    }
    return set;
}

Result<> AdapterSet::add(const Model &model, const AdapterUse &use)
{
    if (!use.adapter)
        return fail(ErrorCode::InvalidArgument, "There is no adapter to use.");
    const Adapter &adapter = *use.adapter;
    if (!std::isfinite(use.scale))
        return fail(ErrorCode::InvalidArgument, "An adapter's scale must be a number.");
    const auto architecture = model.file().string("general.architecture").value_or("");
    if (adapter.architecture() != architecture)
        return fail(ErrorCode::InvalidArgument,
                    "The adapter " + adapter.path() + " is for models of the architecture '"
                        + displayText(adapter.architecture()) + "'; this one is '"
                        + displayText(architecture) + "'.");
    const auto matrices = matricesOf(model.spec());
    for (const Adapter::Pair &pair : adapter.pairs()) {
        const auto refuse = [&](const std::string &what) {
            return fail(ErrorCode::InvalidArgument,
                        "The adapter " + adapter.path() + " does not fit this model: it changes "
                            + displayText(pair.base) + ", " + what + ".");
        };
        const Tensor *base = model.file().findTensor(pair.base);
        if (!base)
            return refuse("which the model does not have");
        LowRank part = pair.part;
        part.scale *= use.scale;
        const bool embedding = base == model.spec().embedding;
        const std::uint64_t inputs = embedding ? part.a->shape[1] : part.a->shape[0];
        const std::uint64_t outputs = part.b->shape[1];
        const bool fits = embedding
            ? base->rank == part.a->rank && inputs == base->shape[1] && outputs == base->shape[0]
            : base->rank == part.a->rank && inputs == base->shape[0] && outputs == base->shape[1]
                && part.a->shape[2] == base->shape[2];
        if (!fits)
            return refuse("which has the shape " + shapeText(*base) + " there and needs another");
        if (embedding) {
            m_embedding.push_back(part);
            continue;
        }
        if (matrices.count(base) != 0) {
            m_parts[base].push_back(part);
            continue;
        }
        // A matrix that the specification uses in parts, such as a fused qkv.
        bool used = false;
        for (const auto &view : model.spec().views) {
            const auto first = firstRow(*view, *base);
            if (!first || matrices.count(view.get()) == 0)
                continue;
            m_views.push_back(
                std::make_unique<const Tensor>(rowsOf(*part.b, *first, view->rows())));
            m_parts[view.get()].push_back({part.a, m_views.back().get(), part.scale});
            used = true;
        }
        if (!used)
            return refuse("which is no matrix that an adapter can change");
    }
    m_adapters.push_back(use.adapter);
    return {};
}

std::span<const LowRank> AdapterSet::of(const Tensor *weight) const
{
    const auto found = m_parts.find(weight);
    return found == m_parts.end() ? std::span<const LowRank>() : found->second;
}

void addLowRank(std::span<const LowRank> parts, std::span<const float> x, std::span<float> y,
                std::uint32_t expert)
{
    std::vector<float> row;
    std::vector<double> inner;
    const auto dot = [&](const Tensor &matrix, std::uint64_t index, auto &vector) {
        row.resize(std::size_t(matrix.columns()));
        dequantise(matrix, index * row.size(), row.size(), row.data());
        double sum = 0;
        for (std::size_t i = 0; i < row.size(); ++i)
            sum += double(row[i]) * double(vector[i]);
        return sum;
    };
    for (const LowRank &part : parts) {
        const std::uint64_t rank = part.rank();
        inner.resize(std::size_t(rank));
        for (std::size_t r = 0; r < inner.size(); ++r)
            inner[r] = dot(*part.a, expert * rank + r, x);
        for (std::size_t i = 0; i < y.size(); ++i)
            y[i] += float(double(part.scale) * dot(*part.b, expert * y.size() + i, inner));
    }
}

void addLowRankRow(std::span<const LowRank> parts, Token token, std::span<float> y)
{
    std::vector<float> inner;
    std::vector<float> row;
    for (const LowRank &part : parts) {
        const std::size_t rank = part.rank();
        inner.resize(rank);
        row.resize(rank);
        dequantise(*part.a, std::uint64_t(token) * rank, rank, inner.data());
        for (std::size_t i = 0; i < y.size(); ++i) {
            dequantise(*part.b, i * rank, rank, row.data());
            double sum = 0;
            for (std::size_t r = 0; r < rank; ++r)
                sum += double(row[r]) * double(inner[r]);
            y[i] += float(double(part.scale) * sum);
        }
    }
}

} // namespace alcove::llm
