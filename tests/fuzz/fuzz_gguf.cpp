// Arbitrary bytes as a model file: the parser, the specification, the format readers, the report.
#include "core/llm/inspect.h"
#include "core/llm/model_spec.h"

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

void checkSpec(const ModelSpec &spec)
{
    require(spec.width > 0 && spec.vocabulary > 0 && spec.trainedContext > 0);
    require(spec.embedding && spec.output.weight && spec.outputNorm.weight);
    require(spec.output.outputs() == spec.vocabulary && spec.output.inputs() == spec.width);
    require(!spec.layers.empty());
    for (const Layer &layer : spec.layers) {
        const auto &attention = std::get<Attention>(layer.mixer);
        require(attention.kvHeads > 0 && attention.heads % attention.kvHeads == 0);
        require(attention.query.outputs() == attention.heads * attention.headSize);
        require(attention.rope.dims % 2 == 0 && attention.rope.dims <= attention.headSize);
        require(attention.rope.frequencies.size() == attention.rope.dims / 2);
    }
    require(spec.weightBytes() > 0);
    require(memoryNeed(spec).total() > spec.weightBytes());
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
    const ModelReport report = inspectFile(*file);
    require(!report.toText().empty());
    require(!report.toJson().dump().empty()); // throws on text that is no UTF-8
    return 0;
}
