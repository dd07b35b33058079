// ModelReport for people and for programs.
#include "core/llm/display_text.h"
#include "core/llm/inspect.h"

#include <sstream>

namespace alcove::llm {

namespace {

using Json = nlohmann::ordered_json;

std::string_view kvName(KvFormat format)
{
    switch (format) {
    case KvFormat::F32:
        return "F32";
    case KvFormat::F16:
        return "F16";
    case KvFormat::Q8_0:
        return "Q8_0";
    case KvFormat::Q4_0:
        return "Q4_0";
    }
    return "";
}

// "F16", or "Q8_0/Q4_0" where keys and values differ.
std::string kvNames(const MemoryNeed &need)
{
    std::string names(kvName(need.kvFormat));
    if (need.valueFormat != need.kvFormat)
        names.append("/").append(kvName(need.valueFormat));
    return names;
}

std::string dumped(const Json &value)
{
    // `replace`: a path need not be UTF-8.
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string yesNo(bool value)
{
    return value ? "yes" : "no";
}

void writeSpecification(std::ostream &out, const SpecificationSummary &s)
{
    out << "\nSpecification\n"
        << "  makes            " << (s.encoder ? "embeddings" : "text")
        << (s.pooling.empty() ? "" : " (pooling: " + s.pooling + ")") << "\n"
        << "  parameters       " << s.parameters << "\n"
        << "  layers           " << s.layers;
    if (s.recurrentLayers > 0)
        out << " (" << s.recurrentLayers << " recurrent)";
    if (s.windowedLayers > 0)
        out << " (" << s.windowedLayers << " see " << s.window << " tokens back)";
    out << "\n"
        << "  width            " << s.width << "\n"
        << "  feed-forward     " << s.feedForward;
    if (s.experts > 0)
        out << " (" << s.expertsUsed << " of " << s.experts << " experts)";
    out << "\n"
        << "  heads            " << s.heads << " (" << s.kvHeads << " for keys and values) of "
        << s.headSize << "\n"
        << "  q/k norm         " << yesNo(s.queryKeyNorm) << "\n"
        << "  q/k/v biases     " << yesNo(s.attentionBiases) << "\n"
        << "  RoPE             ";
    if (s.ropeDimensions > 0)
        out << s.ropeDimensions << " dimensions, pairs " << s.ropePairs << "\n";
    else
        out << "none\n";
    out << "  vocabulary       " << s.vocabulary << (s.tiedEmbedding ? " (embedding tied)" : "")
        << "\n"
        << "  trained context  " << s.trainedContext << " tokens\n";
}

void writeMemory(std::ostream &out, const MemoryNeed &need)
{
    out << "\nMemory needed for " << need.contextLength << " tokens of context\n"
        << "  weights   " << displayBytes(need.weightBytes) << "\n"
        << "  KV cache  " << displayBytes(need.kvBytes) << " (" << kvNames(need) << ")\n";
    if (need.recurrentBytes > 0)
        out << "  recurrent " << displayBytes(need.recurrentBytes) << " (states and checkpoints)\n";
    out << "  scratch   " << displayBytes(need.scratchBytes)
        << (need.scratchEstimated ? " (estimated)" : "") << "\n"
        << "  total     " << displayBytes(need.total()) << "\n";
}

Json specificationJson(const SpecificationSummary &s)
{
    Json json;
    json["parameters"] = s.parameters;
    json["vocabulary"] = s.vocabulary;
    json["width"] = s.width;
    json["layers"] = s.layers;
    json["heads"] = s.heads;
    json["kv_heads"] = s.kvHeads;
    json["head_size"] = s.headSize;
    json["recurrent_layers"] = s.recurrentLayers;
    json["windowed_layers"] = s.windowedLayers;
    json["window"] = s.window;
    json["feed_forward"] = s.feedForward;
    json["experts"] = s.experts;
    json["experts_used"] = s.expertsUsed;
    json["encoder"] = s.encoder;
    json["pooling"] = s.pooling;
    json["trained_context"] = s.trainedContext;
    json["rope_dimensions"] = s.ropeDimensions;
    json["rope_pairs"] = s.ropePairs;
    json["tied_embedding"] = s.tiedEmbedding;
    json["query_key_norm"] = s.queryKeyNorm;
    json["attention_biases"] = s.attentionBiases;
    return json;
}

Json memoryJson(const MemoryNeed &need)
{
    Json json;
    json["context"] = need.contextLength;
    json["kv_format"] = kvNames(need);
    json["weight_bytes"] = need.weightBytes;
    json["kv_bytes"] = need.kvBytes;
    json["recurrent_bytes"] = need.recurrentBytes;
    json["scratch_bytes"] = need.scratchBytes;
    json["scratch_estimated"] = need.scratchEstimated;
    json["total_bytes"] = need.total();
    return json;
}

} // namespace

std::string ModelReport::toText() const
{
    std::ostringstream out;
    out << displayText(path, 4096) << "\n"
        << "  GGUF version     " << ggufVersion << "\n"
        << "  size             " << displayBytes(fileBytes) << " (" << fileBytes << " bytes)\n"
        << "  name             " << (name.empty() ? "not given" : name) << "\n"
        << "  architecture     " << (architecture.empty() ? "not given" : architecture) << "\n"
        << "  tokenizer        " << (tokenizer.empty() ? "not given" : tokenizer) << "\n";
    if (tokenizerTrouble)
        out << "  warning          " << *tokenizerTrouble << "\n";
    out << "  tokens           " << tokenCount << "\n"
        << "  can run          " << (runnable() ? "yes" : "no");
    if (cannotRun)
        out << ": " << cannotRun->message;
    out << "\n";
    if (specification)
        writeSpecification(out, *specification);
    out << "\nTensors (" << tensorCount << ")\n";
    for (const FormatSize &size : formats)
        out << "  " << size.format << ": " << size.tensors
            << (size.tensors == 1 ? " tensor, " : " tensors, ") << size.elements << " elements, "
            << displayBytes(size.bytes) << (size.runnable ? "" : ", not supported yet") << "\n";
    if (memory)
        writeMemory(out, *memory);
    out << "\nMetadata (" << metadata.size() << ")\n";
    for (const MetadataEntry &entry : metadata) {
        out << "  " << entry.key << " (" << entry.type;
        if (entry.value.is_array())
            out << ", " << entry.count << (entry.count == 1 ? " element" : " elements");
        else if (entry.abbreviated)
            out << ", " << entry.count << " bytes";
        out << ") = " << dumped(entry.value) << (entry.abbreviated ? " ..." : "") << "\n";
    }
    return out.str();
}

nlohmann::ordered_json ModelReport::toJson() const
{
    Json json;
    json["path"] = displayText(path, 4096);
    json["file_bytes"] = fileBytes;
    json["gguf_version"] = ggufVersion;
    json["architecture"] = architecture;
    json["name"] = name;
    json["tokenizer"] = tokenizer;
    json["tokenizer_warning"] = tokenizerTrouble ? Json(*tokenizerTrouble) : Json();
    json["token_count"] = tokenCount;
    json["runnable"] = runnable();
    json["reason"] = cannotRun ? Json(displayText(cannotRun->message, 4096)) : Json();
    json["specification"] = specification ? specificationJson(*specification) : Json();
    json["memory"] = memory ? memoryJson(*memory) : Json();
    json["tensor_count"] = tensorCount;
    json["formats"] = Json::array();
    for (const FormatSize &size : formats)
        json["formats"].push_back({{"format", size.format},
                                   {"tensors", size.tensors},
                                   {"elements", size.elements},
                                   {"bytes", size.bytes},
                                   {"runnable", size.runnable}});
    json["metadata"] = Json::array();
    for (const MetadataEntry &entry : metadata)
        json["metadata"].push_back({{"key", entry.key},
                                    {"type", entry.type},
                                    {"count", entry.count},
                                    {"abbreviated", entry.abbreviated},
                                    {"value", entry.value}});
    return json;
}

} // namespace alcove::llm
