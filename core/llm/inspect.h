// ModelReport: what a model file holds and what it needs, as one plain value to print.
//
// For files that cannot run too: vocabularies, architectures and formats that are not supported
// yet. Reading a report touches the file's header only, not its weights. Plain functions; any
// thread. Fails only when the file cannot be opened or is no sound GGUF file.
#pragma once

#include "core/llm/executor.h"
#include "core/llm/gguf.h"
#include "core/llm/memory_need.h"
#include "core/llm/model_spec.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace alcove::llm {

struct InspectOptions {
    ExecutorOptions executor; // the context length and formats that memory is counted for
    // What an executor says it needs beside weights and KV cache; without it an estimate is made.
    std::optional<std::uint64_t> scratchBytes;
    std::uint32_t arrayElements = 8; // shown of a metadata array; the report has its whole length
    std::uint32_t textCharacters = 200; // shown of a metadata text
};

struct MetadataEntry {
    std::string key;
    std::string type; // "u32", "string", "array of f32"
    std::uint64_t count = 1; // elements of an array; bytes of a string; else 1
    bool abbreviated = false; // `value` is not all of it
    nlohmann::ordered_json value; // an array's first elements, a text's beginning
};

struct FormatSize {
    std::string format; // "Q4_K"
    std::uint64_t tensors = 0;
    std::uint64_t elements = 0;
    std::uint64_t bytes = 0;
    bool runnable = false; // Alcove can read it
};

// The shape of a model that can run. Sizes of layers are those of the first layer of their kind.
struct SpecificationSummary {
    std::uint64_t parameters = 0;
    std::uint32_t vocabulary = 0;
    std::uint32_t width = 0;
    std::uint32_t layers = 0;
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
    std::uint32_t headSize = 0;
    std::uint32_t recurrentLayers = 0; // without a KV cache
    std::uint32_t windowedLayers = 0; // of attention that looks back no further than `window`
    std::uint32_t window = 0; // positions; 0: all layers see everything
    std::uint32_t feedForward = 0; // hidden width; of one expert where there are experts only
    std::uint32_t experts = 0; // 0: none
    std::uint32_t expertsUsed = 0; // for a token
    std::uint32_t trainedContext = 0;
    std::uint32_t ropeDimensions = 0;
    std::string ropePairs; // "adjacent", "split half"; empty: there is no RoPE
    bool encoder = false; // turns text into embeddings, does not write
    std::string pooling; // "mean", "first token", "last token"; empty: the file does not say
    bool tiedEmbedding = false;
    bool queryKeyNorm = false;
    bool attentionBiases = false;
};

struct ModelReport {
    std::string path;
    std::uint64_t fileBytes = 0;
    std::uint32_t ggufVersion = 0;
    std::string architecture; // empty: the file does not say
    std::string name;
    std::uint64_t tensorCount = 0;
    std::string tokenizer; // "gpt2, pre-tokenizer qwen2"; empty: the file names none
    std::optional<std::string> tokenizerTrouble; // what it is read with instead, or why it is not
    std::uint64_t tokenCount = 0; // entries of the vocabulary; 0: the file has none
    std::vector<MetadataEntry> metadata; // in file order
    std::vector<FormatSize> formats; // largest first
    std::optional<SpecificationSummary> specification; // of a model that can run
    std::optional<Error> cannotRun; // why, in a sentence
    std::optional<MemoryNeed> memory; // of a model that can run

    bool runnable() const { return specification.has_value(); }
    nlohmann::ordered_json toJson() const;
    std::string toText() const; // several lines, the last one ended
};

// NotFound, Io, InvalidFile or Unsupported (a GGUF version or tensor format that we cannot read).
Result<ModelReport> inspectModel(const std::string &path, const InspectOptions &options = {});

// As above, of a file that is open.
ModelReport inspectFile(const GgufFile &file, const InspectOptions &options = {});

} // namespace alcove::llm
