// The architectures that Alcove runs: their names in files, and the function that makes a
// specification from each one's metadata. Immutable; any thread; errors as readModelSpec().
#pragma once

#include "core/llm/model_spec.h"
#include "core/llm/spec_reader.h"

#include <span>
#include <string_view>

namespace alcove::llm {

struct Architecture {
    std::string_view name; // general.architecture
    Result<ModelSpec> (*read)(SpecReader &reader);
    // Its tokenizer definition strips the space behind added tokens; GGUF has no field for it.
    bool specialsSwallowSpace = false;
};

std::span<const Architecture> architectures();
const Architecture *findArchitecture(std::string_view name); // nullptr: not one of them

// By family, each in its own file. A reader asks the SpecReader which of its names it is.
Result<ModelSpec> readLlama(SpecReader &reader); // llama, with experts Mixtral
Result<ModelSpec> readQwen2(SpecReader &reader);
Result<ModelSpec> readQwen3(SpecReader &reader);
Result<ModelSpec> readQwen3Moe(SpecReader &reader);
Result<ModelSpec> readGemma2(SpecReader &reader);
Result<ModelSpec> readGemma3(SpecReader &reader);
Result<ModelSpec> readPhi3(SpecReader &reader);
Result<ModelSpec> readGptOss(SpecReader &reader);
Result<ModelSpec> readGranite(SpecReader &reader); // with experts granitemoe
Result<ModelSpec> readSmolLm3(SpecReader &reader);
Result<ModelSpec> readOlmo2(SpecReader &reader);
Result<ModelSpec> readGlm4(SpecReader &reader);
Result<ModelSpec> readBert(SpecReader &reader);
Result<ModelSpec> readNomicBert(SpecReader &reader);
Result<ModelSpec> readJinaBertV2(SpecReader &reader);
Result<ModelSpec> readLfm2(SpecReader &reader); // with experts lfm2moe
Result<ModelSpec> readQwen35(SpecReader &reader);
Result<ModelSpec> readGraniteHybrid(SpecReader &reader);

} // namespace alcove::llm
