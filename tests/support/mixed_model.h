// A model whose matrices are in different formats: those of the llama fixtures in turn.
#pragma once

#include "tests/support/fixtures.h"
#include "tests/support/gguf_parts.h"

namespace alcove::test {

// The file's bytes. The fixtures are one model in many formats, so that their tensors fit together.
inline std::string mixedModel()
{
    std::vector<llm::GgufFile> files;
    for (const char *name : {"Q8_0", "Q4_0", "Q4_K_M", "Q6_K", "Q5_K_M"}) {
        auto file = llm::GgufFile::open(fixture(std::string("quant/llama-") + name + ".gguf"));
        if (file)
            files.push_back(std::move(*file));
    }
    if (files.size() != 5)
        return {};
    GgufWriter mixed = split(files.front(), 1).front();
    mixed.remove("split.count");
    std::size_t next = 0;
    for (const llm::Tensor &tensor : files.front().tensors()) {
        if (tensor.rank < 2)
            continue;
        const llm::Tensor *other = files[next++ % files.size()].findTensor(tensor.name);
        if (!other || other->shape != tensor.shape)
            return {};
        mixed.tensor(other->name, {other->shape.begin(), other->shape.begin() + other->rank},
                     other->type, bytesText(other->data));
    }
    return mixed.bytes();
}

} // namespace alcove::test
