// The names by which settings and the command line choose the formats of the KV cache. Pure.
#pragma once

#include "core/llm/executor.h"

#include <array>
#include <string_view>

namespace alcove::llm {

struct NamedKvFormat {
    std::string_view name;
    KvFormat keys;
    KvFormat values;
};

// Most precise first. Values take a coarser format than keys, whose errors the softmax magnifies.
inline constexpr std::array<NamedKvFormat, 4> kKvFormats{{
    {"f32", KvFormat::F32, KvFormat::F32},
    {"f16", KvFormat::F16, KvFormat::F16},
    {"q8_0", KvFormat::Q8_0, KvFormat::Q8_0},
    {"q8_0/q4_0", KvFormat::Q8_0, KvFormat::Q4_0},
}};

// Sets both formats of `options`; false, and nothing is set, for an unknown name.
inline bool setKvFormat(std::string_view name, ExecutorOptions &options)
{
    for (const NamedKvFormat &one : kKvFormats) {
        if (one.name == name) {
            options.kvFormat = one.keys;
            options.valueFormat = one.values;
            return true;
        }
    }
    return false;
}

} // namespace alcove::llm
