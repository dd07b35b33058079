// Arbitrary bytes as a model file: the parser, the specification, the format readers, the
// tokenizer, the report.
#include "core/llm/inspect.h"
#include "core/llm/model_spec.h"
#include "core/llm/tokenizer.h"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace alcove::llm;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

// The first and the last block, through the format's reader and byte by byte.
void readEnds(const Tensor &tensor, std::span<const std::byte> bytes)
{
    require(tensor.data.data() >= bytes.data());
    require(tensor.data.data() + tensor.data.size() <= bytes.data() + bytes.size());
    const TensorTypeInfo *info = tensorTypeInfo(tensor.type);
    require(info != nullptr);
    require(tensor.data.size() == tensor.elements() / info->blockElements * info->blockBytes);
    std::vector<float> block(info->blockElements);
    for (const std::uint64_t first : {std::uint64_t(0), tensor.elements() - info->blockElements})
        dequantise(tensor, first, info->blockElements, block.data());
}

void checkAttention(const Attention &a)
{
    require(a.kvHeads > 0 && a.heads % a.kvHeads == 0 && a.headSize > 0);
    require(a.query.outputs() == a.heads * a.headSize * (a.outputGate ? 2 : 1));
    require(a.key.outputs() == a.kvHeads * a.headSize && a.value.outputs() == a.key.outputs());
    require(a.output.inputs() == a.heads * a.headSize);
    require(a.rope.dims % 2 == 0 && a.rope.dims <= a.headSize);
    require(a.rope.frequencies.size() == a.rope.dims / 2);
    require(a.rope.longFrequencies.empty()
            || a.rope.longFrequencies.size() == a.rope.frequencies.size());
}

void checkMixer(const Mixer &mixer, std::uint32_t width)
{
    if (const auto *a = std::get_if<Attention>(&mixer)) {
        checkAttention(*a);
    } else if (const auto *c = std::get_if<ShortConvolution>(&mixer)) {
        require(c->taps() > 0 && c->in.outputs() == 3 * width && c->out.outputs() == width);
    } else if (const auto *d = std::get_if<GatedDeltaNet>(&mixer)) {
        require(d->taps() > 0 && d->keyHeads > 0 && d->valueHeads % d->keyHeads == 0);
        require(d->qkv.outputs() == 2 * d->keyHeads * d->keySize + d->valueHeads * d->valueSize);
    } else if (const auto *m = std::get_if<Mamba2>(&mixer)) {
        require(m->taps() > 0 && m->groups > 0 && m->heads % m->groups == 0);
        require(m->in.outputs() == 2 * m->inner() + 2 * m->groups * m->stateSize + m->heads);
    }
}

void checkFeedForward(const FeedForward &feedForward, std::uint32_t width)
{
    if (const auto *dense = std::get_if<DenseFeedForward>(&feedForward)) {
        require(dense->up.inputs() == width && dense->down.outputs() == width);
        require(!dense->gate.there() || dense->gate.outputs() == dense->up.outputs());
        require(dense->down.inputs() == dense->up.outputs());
    } else if (const auto *experts = std::get_if<ExpertFeedForward>(&feedForward)) {
        const std::uint32_t count = experts->router.outputs();
        require(experts->used > 0 && experts->used <= count);
        for (const ExpertMatrices *one : {&experts->gate, &experts->up, &experts->down})
            require(one->experts() == count);
        require(experts->down.inputs() == experts->up.outputs());
    }
}

void checkSpec(const ModelSpec &spec)
{
    require(spec.width > 0 && spec.vocabulary > 0 && spec.trainedContext > 0);
    require(spec.embedding != nullptr);
    require(spec.isEncoder()
            || (spec.outputNorm.weight && spec.output.outputs() == spec.vocabulary
                && spec.output.inputs() == spec.width));
    require(!spec.layers.empty());
    for (const Layer &layer : spec.layers) {
        checkMixer(layer.mixer, spec.width);
        checkFeedForward(layer.feedForward, spec.width);
    }
    for (const auto &view : spec.views)
        require(view->elements() > 0 && !view->data.empty());
    require(spec.weightBytes() > 0);
    require(memoryNeed(spec, {}).total() > spec.weightBytes());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto file = GgufFile::parse(bytes, "fuzz.gguf");
    if (!file) {
        require(!file.error().message.empty());
        return 0;
    }
    for (const auto &[key, value] : file->metadata()) {
        require(file->find(key) == &value);
        (void)file->unsignedInteger(key);
        (void)file->number(key);
        (void)file->boolean(key);
        (void)file->string(key);
        (void)file->strings(key);
        (void)file->integers(key);
        (void)file->numbers(key);
    }
    for (const Tensor &tensor : file->tensors()) {
        require(file->findTensor(tensor.name) == &tensor);
        readEnds(tensor, bytes);
    }
    if (const auto spec = readModelSpec(*file))
        checkSpec(*spec);
    else
        require(!spec.error().message.empty());
    if (const auto tokenizer = Tokenizer::create(*file))
        (*tokenizer)->encode("It's 12 o'clock.", AddSpecial::AsModel, ParseSpecial::Yes);
    else
        require(!tokenizer.error().message.empty());
    const ModelReport report = inspectFile(*file);
    require(!report.toText().empty());
    require(!report.toJson().dump().empty()); // throws on text that is no UTF-8
    return 0;
}
