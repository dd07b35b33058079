#include "core/llm/architectures/architectures.h"

namespace alcove::llm {

std::span<const Architecture> architectures()
{
    static constexpr Architecture kAll[] = {
        {"llama", readLlama},       {"qwen2", readQwen2},    {"qwen3", readQwen3},
        {"qwen3moe", readQwen3Moe}, {"gemma2", readGemma2},  {"gemma3", readGemma3},
        {"phi3", readPhi3},         {"gpt-oss", readGptOss}, {"granite", readGranite},
        {"smollm3", readSmolLm3},   {"olmo2", readOlmo2},    {"glm4", readGlm4},
    };
    return kAll;
}

} // namespace alcove::llm
