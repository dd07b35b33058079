#include "core/llm/model_spec.h"

#include "core/llm/architectures/architectures.h"
#include "core/llm/display_text.h"
#include "core/llm/spec_reader.h"

#include <algorithm>
#include <new>
#include <unordered_set>
#include <utility>

namespace alcove::llm {

namespace {

// Calls `add` with every tensor of the specification, also with those that are not there.
template <typename Add>
class TensorVisitor
{
public:
    explicit TensorVisitor(Add add) : m_add(std::move(add)) { }

    void operator()(const Norm &norm)
    {
        m_add(norm.weight);
        m_add(norm.bias);
    }
    void operator()(const std::optional<Norm> &norm)
    {
        if (norm)
            (*this)(*norm);
    }
    void operator()(const Linear &linear)
    {
        m_add(linear.weight);
        m_add(linear.bias);
    }
    void operator()(const ExpertMatrices &matrices)
    {
        m_add(matrices.weight);
        m_add(matrices.bias);
    }
    void operator()(const Attention &a)
    {
        (*this)(a.query);
        (*this)(a.key);
        (*this)(a.value);
        (*this)(a.output);
        (*this)(a.queryNorm);
        (*this)(a.keyNorm);
        m_add(a.sinks);
    }
    void operator()(const ShortConvolution &c)
    {
        (*this)(c.in);
        m_add(c.kernel);
        (*this)(c.out);
    }
    void operator()(const GatedDeltaNet &d)
    {
        (*this)(d.qkv);
        (*this)(d.gate);
        (*this)(d.alpha);
        (*this)(d.beta);
        m_add(d.kernel);
        m_add(d.dtBias);
        m_add(d.a);
        (*this)(d.norm);
        (*this)(d.out);
    }
    void operator()(const Mamba2 &m)
    {
        (*this)(m.in);
        m_add(m.kernel);
        m_add(m.kernelBias);
        m_add(m.dtBias);
        m_add(m.a);
        m_add(m.d);
        (*this)(m.norm);
        (*this)(m.out);
    }
    void operator()(const DenseFeedForward &dense)
    {
        (*this)(dense.gate);
        (*this)(dense.up);
        (*this)(dense.down);
    }
    void operator()(const ExpertFeedForward &experts)
    {
        (*this)(experts.router);
        m_add(experts.choiceBias);
        (*this)(experts.gate);
        (*this)(experts.up);
        (*this)(experts.down);
        if (experts.shared)
            (*this)(*experts.shared);
        m_add(experts.sharedGate);
    }
    void operator()(const Layer &layer)
    {
        for (const Norm *norm :
             {&layer.mixerNorm, &layer.mixerPostNorm, &layer.mixerOutNorm, &layer.feedForwardNorm,
              &layer.feedForwardPostNorm, &layer.feedForwardOutNorm})
            (*this)(*norm);
        std::visit(*this, layer.mixer);
        std::visit(*this, layer.feedForward);
    }
    void operator()(const ModelSpec &spec)
    {
        m_add(spec.embedding);
        m_add(spec.positionEmbedding);
        m_add(spec.segmentEmbedding);
        (*this)(spec.embeddingNorm);
        for (const Layer &layer : spec.layers)
            (*this)(layer);
        (*this)(spec.outputNorm);
        (*this)(spec.output);
    }

private:
    Add m_add;
};

// Every tensor of the specification, each once. Views of one fused tensor are apart from each
// other.
std::vector<const Tensor *> tensorsOf(const ModelSpec &spec)
{
    std::vector<const Tensor *> found;
    std::unordered_set<const Tensor *> seen;
    TensorVisitor visit([&](const Tensor *tensor) {
        if (tensor && seen.insert(tensor).second)
            found.push_back(tensor);
    });
    visit(spec);
    return found;
}

// "bert, gemma2 and llama"
std::string listOfNames()
{
    std::vector<std::string_view> names;
    for (const Architecture &one : architectures())
        names.push_back(one.name);
    std::sort(names.begin(), names.end());
    std::string list;
    for (std::size_t i = 0; i < names.size(); ++i) {
        list += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
        list += names[i];
    }
    return list;
}

} // namespace

bool ModelSpec::isRecurrent() const
{
    return std::any_of(layers.begin(), layers.end(), [](const Layer &layer) {
        return !std::holds_alternative<Attention>(layer.mixer);
    });
}

std::uint32_t hiddenWidth(const FeedForward &feedForward)
{
    if (const auto *dense = std::get_if<DenseFeedForward>(&feedForward))
        return dense->up.outputs();
    return std::get<ExpertFeedForward>(feedForward).up.outputs();
}

std::uint64_t ModelSpec::parameterCount() const
{
    std::uint64_t count = 0;
    for (const Tensor *tensor : tensorsOf(*this))
        count += tensor->elements();
    return count;
}

std::uint64_t ModelSpec::weightBytes() const
{
    std::uint64_t bytes = 0;
    for (const Tensor *tensor : tensorsOf(*this))
        bytes += tensor->data.size();
    return bytes;
}

std::uint64_t ModelSpec::kvBytesPerPosition(std::uint32_t bytesPerElement) const
{
    std::uint64_t bytes = 0;
    for (const Layer &layer : layers) {
        if (const auto *attention = std::get_if<Attention>(&layer.mixer))
            bytes += 2ull * attention->kvHeads * attention->headSize * bytesPerElement;
    }
    return bytes;
}

Result<ModelSpec> readModelSpec(const GgufFile &file)
{
    const auto architecture = file.string("general.architecture");
    if (!architecture)
        return fail(ErrorCode::InvalidFile,
                    "The model file " + file.path() + " does not say what architecture it has.");
    const std::uint64_t parts = file.unsignedInteger("split.count").value_or(1);
    if (parts > 1 && file.partCount() != parts)
        return fail(ErrorCode::InvalidFile,
                    file.path() + " is one part of a model that was split into several files.");
    if (file.string("general.type") == "adapter")
        return fail(ErrorCode::Unsupported,
                    file.path() + " is an adapter for another model, not a model.");
    const Architecture *known = findArchitecture(*architecture);
    if (!known)
        return fail(ErrorCode::Unsupported,
                    "This model's architecture '" + displayText(*architecture)
                        + "' is not supported yet; Alcove runs " + listOfNames() + ".");
    if (file.tensors().empty())
        return fail(ErrorCode::Unsupported,
                    file.path() + " holds a vocabulary only; there is no model in it to run.");
    SpecReader reader(file, std::string(known->name));
    return known->read(reader);
}

Result<std::shared_ptr<const Model>> Model::open(const std::string &path)
{
    auto file = GgufFile::open(path);
    if (!file)
        return fail(file.error());
    try {
        auto model = std::make_shared<Model>();
        model->m_file = std::move(*file);
        auto spec = readModelSpec(model->m_file); // after the move: it points into this file
        if (!spec)
            return fail(spec.error());
        model->m_spec = std::move(*spec);
        return model;
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, "There is not enough memory to read the model file.");
    }
}

} // namespace alcove::llm
