#include "core/llm/architectures/architectures.h"

#include <algorithm>

namespace alcove::llm {

std::span<const Architecture> architectures()
{
    static constexpr Architecture kAll[] = {
        {"bert", readBert},
        {"gemma2", readGemma2},
        {"gemma3", readGemma3},
        {"glm4", readGlm4},
        {"gpt-oss", readGptOss},
        {"granite", readGranite},
        {"granitehybrid", readGraniteHybrid},
        {"granitemoe", readGranite},
        {"jina-bert-v2", readJinaBertV2},
        {"lfm2", readLfm2},
        {"lfm2moe", readLfm2},
        {"llama", readLlama},
        {"nomic-bert", readNomicBert},
        {"olmo2", readOlmo2},
        {"phi3", readPhi3, true},
        {"qwen2", readQwen2},
        {"qwen3", readQwen3},
        {"qwen35", readQwen35},
        {"qwen3moe", readQwen3Moe},
        {"smollm3", readSmolLm3},
    };
    return kAll;
}

const Architecture *findArchitecture(std::string_view name)
{
    const auto all = architectures();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Architecture &one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

} // namespace alcove::llm
