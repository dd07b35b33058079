// make-bench-model SHAPE FORMAT OUT.gguf
//
// Writes a model with the shape of a published one and random weights, for measuring speed: what it
// says is noise. The vocabulary is byte-level, so any text can be tokenized. The same arguments
// give the same file. Formats: any that Alcove runs, and q4_k_m, which holds half of the value and
// down projections, and the output, in q6_k, as files of that name do. Norms are float32.
#include "core/cpu/half.h"
#include "core/llm/tensor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Shape {
    const char *name;
    const char *architecture;
    const char *pre; // pre-tokenizer
    std::uint32_t width, layers, heads, kvHeads, headSize, hidden, vocabulary;
    float ropeBase;
    bool tied;
    bool headNorms; // of queries and keys
};

constexpr Shape kShapes[] = {
    {"llama-120m", "llama", "gpt-2", 512, 30, 8, 4, 64, 1536, 49152, 10000.0f, true, false},
    {"qwen3-0.6b", "qwen3", "qwen2", 1024, 28, 16, 8, 128, 3072, 151936, 1000000.0f, true, true},
    {"llama-3.2-1b", "llama", "llama-bpe", 2048, 16, 32, 8, 64, 8192, 128256, 500000.0f, true,
     false},
    {"llama-3.1-8b", "llama", "llama-bpe", 4096, 32, 32, 8, 128, 14336, 128256, 500000.0f, false,
     false},
};

using alcove::cpu::floatToHalf;
using alcove::llm::TensorType;
using alcove::llm::TensorTypeInfo;

// xorshift64*: fast and the same everywhere.
class Random
{
public:
    explicit Random(std::uint64_t seed) : m_state(seed * 2654435769u + 88172645463325252ull) { }
    std::uint64_t next()
    {
        m_state ^= m_state >> 12;
        m_state ^= m_state << 25;
        m_state ^= m_state >> 27;
        return m_state * 2685821657736338717ull;
    }
    float uniform() { return float(next() >> 40) * 0x1p-24f; }

private:
    std::uint64_t m_state;
};

void putHalf(std::uint8_t *at, float value)
{
    const std::uint16_t bits = floatToHalf(value);
    std::memcpy(at, &bits, sizeof(bits));
}

// One block of random weights that are proportional to `scale`, with a mean about 0.
void fillBlock(const TensorTypeInfo &format, float scale, Random &random, std::uint8_t *block)
{
    for (std::uint32_t i = 0; i < format.blockBytes; ++i)
        block[i] = std::uint8_t(random.next() >> 32);
    switch (format.type) {
    case TensorType::F32:
    case TensorType::BF16: {
        const float value = (random.uniform() - 0.5f) * scale;
        std::uint8_t bytes[4];
        std::memcpy(bytes, &value, sizeof(value));
        std::copy(bytes + 4 - format.blockBytes, bytes + 4, block); // the high half for BF16
        break;
    }
    case TensorType::F16:
        putHalf(block, (random.uniform() - 0.5f) * scale);
        break;
    case TensorType::Q4_1:
        putHalf(block, scale);
        putHalf(block + 2, scale * -7.5f);
        break;
    case TensorType::Q5_1:
        putHalf(block, scale);
        putHalf(block + 2, scale * -15.5f);
        break;
    case TensorType::Q4_K:
    case TensorType::Q5_K: // scales 32 .. 47, each offset its scale times the middle quant
        putHalf(block, scale);
        putHalf(block + 2, scale * (format.type == TensorType::Q4_K ? 7.5f : 15.5f));
        for (int i = 0; i < 4; ++i) {
            block[4 + i] = block[8 + i] = std::uint8_t(0xa0u | (block[4 + i] & 15u));
            block[12 + i] = std::uint8_t((block[12 + i] & 15u) * 17u);
        }
        break;
    case TensorType::Q2_K: // scales 8 .. 11
        putHalf(block + 80, scale);
        putHalf(block + 82, scale * 1.5f);
        for (int i = 0; i < 16; ++i)
            block[i] = std::uint8_t((8u | (block[i] & 3u)) * 17u);
        break;
    case TensorType::Q3_K:
        putHalf(block + 108, scale);
        break;
    case TensorType::Q6_K: // scales 92 .. 107
        putHalf(block + 208, scale);
        for (int i = 0; i < 16; ++i)
            block[192 + i] = std::uint8_t(92 + (block[192 + i] & 15u));
        break;
    case TensorType::TQ2_0: // 3 is no value of the format
        putHalf(block + 64, scale);
        for (int i = 0; i < 64; ++i)
            block[i] = std::uint8_t(block[i] & ~(block[i] >> 1 & 0x55u));
        break;
    case TensorType::MXFP4:
        block[0] = std::uint8_t(std::clamp(128 + std::lround(std::log2(scale)), 0l, 254l));
        break;
    default: // all others begin with their scale
        putHalf(block, scale);
        break;
    }
}

// The scale that gives weights the root mean square `size`.
float scaleFor(const TensorTypeInfo &format, float size)
{
    constexpr std::uint32_t kElements = 16384;
    std::vector<std::uint8_t> bytes(kElements / format.blockElements * format.blockBytes);
    Random random(0);
    for (std::size_t at = 0; at < bytes.size(); at += format.blockBytes)
        fillBlock(format, 1.0f, random, bytes.data() + at);
    alcove::llm::Tensor tensor;
    tensor.type = format.type;
    tensor.shape[0] = kElements;
    tensor.data = std::as_bytes(std::span(bytes));
    std::vector<float> weights(kElements);
    alcove::llm::dequantise(tensor, 0, kElements, weights.data());
    double squares = 0;
    for (const float weight : weights)
        squares += double(weight) * double(weight);
    return size / float(std::sqrt(squares / kElements));
}

class Writer
{
public:
    void u32(std::uint32_t value) { raw(&value, sizeof(value)); }
    void u64(std::uint64_t value) { raw(&value, sizeof(value)); }
    void text(std::string_view value)
    {
        u64(value.size());
        raw(value.data(), value.size());
    }
    void key(std::string_view name, std::uint32_t type)
    {
        text(name);
        u32(type);
        ++keys;
    }
    void number(const std::string &name, std::uint32_t value)
    {
        key(name, 4);
        u32(value);
    }
    void real(const std::string &name, float value)
    {
        key(name, 6);
        raw(&value, sizeof(value));
    }
    void string(const std::string &name, std::string_view value)
    {
        key(name, 8);
        text(value);
    }
    void raw(const void *data, std::size_t size)
    {
        const auto *bytes = static_cast<const char *>(data);
        out.insert(out.end(), bytes, bytes + size);
    }

    std::vector<char> out;
    std::uint64_t keys = 0;
};

// The printable stand-in of a byte in byte-level vocabularies (GPT-2's table), as UTF-8.
std::string byteSpelling(unsigned byte)
{
    static const std::array<unsigned, 256> kTable = [] {
        std::array<unsigned, 256> table{};
        unsigned next = 256;
        for (unsigned b = 0; b < 256; ++b) {
            const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
            table[b] = printable ? b : next++;
        }
        return table;
    }();
    const unsigned point = kTable[byte];
    if (point < 128)
        return {char(point)};
    return {char(0xc0u | (point >> 6)), char(0x80u | (point & 63u))};
}

struct TensorPlan {
    std::string name;
    std::vector<std::uint64_t> shape; // innermost first
    const TensorTypeInfo *format = nullptr; // nullptr: float32 ones
    float size = 0; // root mean square of the weights
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

std::vector<TensorPlan> planTensors(const Shape &s, const TensorTypeInfo *main, bool mixed)
{
    const TensorTypeInfo *const sixBits = alcove::llm::tensorTypeInfo(TensorType::Q6_K);
    std::vector<TensorPlan> tensors;
    const auto add = [&](std::string name, std::vector<std::uint64_t> shape,
                         const TensorTypeInfo *format) {
        const float size = 0.5f / std::sqrt(float(shape[0]));
        tensors.push_back({std::move(name), std::move(shape), format, size});
    };
    const std::uint64_t queries = std::uint64_t(s.heads) * s.headSize;
    const std::uint64_t keys = std::uint64_t(s.kvHeads) * s.headSize;
    // A tied embedding is the output too.
    add("token_embd.weight", {s.width, s.vocabulary}, mixed && s.tied ? sixBits : main);
    for (std::uint32_t i = 0; i < s.layers; ++i) {
        const std::string prefix = "blk." + std::to_string(i) + ".";
        const bool fine =
            mixed && (i < s.layers / 8 || i >= 7 * s.layers / 8 || (i - s.layers / 8) % 3 == 2);
        const TensorTypeInfo *some = fine ? sixBits : main;
        add(prefix + "attn_norm.weight", {s.width}, nullptr);
        add(prefix + "attn_q.weight", {s.width, queries}, main);
        add(prefix + "attn_k.weight", {s.width, keys}, main);
        add(prefix + "attn_v.weight", {s.width, keys}, some);
        if (s.headNorms) {
            add(prefix + "attn_q_norm.weight", {s.headSize}, nullptr);
            add(prefix + "attn_k_norm.weight", {s.headSize}, nullptr);
        }
        add(prefix + "attn_output.weight", {queries, s.width}, main);
        add(prefix + "ffn_norm.weight", {s.width}, nullptr);
        add(prefix + "ffn_gate.weight", {s.width, s.hidden}, main);
        add(prefix + "ffn_up.weight", {s.width, s.hidden}, main);
        add(prefix + "ffn_down.weight", {s.hidden, s.width}, some);
    }
    add("output_norm.weight", {s.width}, nullptr);
    if (!s.tied)
        add("output.weight", {s.width, s.vocabulary}, mixed ? sixBits : main);
    std::uint64_t offset = 0;
    for (TensorPlan &tensor : tensors) {
        std::uint64_t elements = 1;
        for (const std::uint64_t dimension : tensor.shape)
            elements *= dimension;
        tensor.offset = offset;
        tensor.bytes = tensor.format
            ? elements / tensor.format->blockElements * tensor.format->blockBytes
            : elements * sizeof(float);
        offset += (tensor.bytes + 31) / 32 * 32;
    }
    return tensors;
}

void writeMetadata(const Shape &s, Writer &w)
{
    const std::string a = std::string(s.architecture) + ".";
    w.string("general.architecture", s.architecture);
    w.string("general.name", std::string(s.name) + " shape, random weights");
    w.number(a + "context_length", 8192);
    w.number(a + "embedding_length", s.width);
    w.number(a + "block_count", s.layers);
    w.number(a + "feed_forward_length", s.hidden);
    w.number(a + "attention.head_count", s.heads);
    w.number(a + "attention.head_count_kv", s.kvHeads);
    w.number(a + "attention.key_length", s.headSize);
    w.number(a + "attention.value_length", s.headSize);
    w.real(a + "attention.layer_norm_rms_epsilon", 1e-5f);
    w.number(a + "rope.dimension_count", s.headSize);
    w.real(a + "rope.freq_base", s.ropeBase);
    w.number(a + "vocab_size", s.vocabulary);

    w.string("tokenizer.ggml.model", "gpt2");
    w.string("tokenizer.ggml.pre", s.pre);
    w.key("tokenizer.ggml.tokens", 9);
    w.u32(8);
    w.u64(s.vocabulary);
    const std::string space = byteSpelling(' ');
    for (std::uint32_t i = 0; i < s.vocabulary; ++i) {
        if (i < 256)
            w.text(byteSpelling(i));
        else if (i < 256 + 26)
            w.text(space + char('a' + int(i - 256)));
        else if (i == s.vocabulary - 1)
            w.text("<|end|>");
        else
            w.text("<|unused_" + std::to_string(i) + "|>");
    }
    w.key("tokenizer.ggml.token_type", 9);
    w.u32(5);
    w.u64(s.vocabulary);
    for (std::uint32_t i = 0; i < s.vocabulary; ++i)
        w.u32(i < 256 + 26 ? 1 : i == s.vocabulary - 1 ? 3 : 5); // normal, control, unused
    w.key("tokenizer.ggml.merges", 9);
    w.u32(8);
    w.u64(26);
    for (char c = 'a'; c <= 'z'; ++c)
        w.text(space + " " + c);
    w.number("tokenizer.ggml.eos_token_id", s.vocabulary - 1);
}

void writeOnes(const TensorPlan &tensor, std::ofstream &out)
{
    const std::vector<float> ones(std::size_t(tensor.bytes / sizeof(float)), 1.0f);
    out.write(reinterpret_cast<const char *>(ones.data()), std::streamsize(tensor.bytes));
}

void writeBlocks(const TensorPlan &tensor, std::uint64_t seed, std::ofstream &out)
{
    Random random(seed);
    const TensorTypeInfo &format = *tensor.format;
    const float scale = scaleFor(format, tensor.size);
    const std::uint64_t blocks = tensor.bytes / format.blockBytes;
    constexpr std::uint64_t kPiece = 16384; // blocks
    std::vector<std::uint8_t> piece;
    for (std::uint64_t first = 0; first < blocks; first += kPiece) {
        const std::uint64_t count = blocks - first < kPiece ? blocks - first : kPiece;
        piece.resize(std::size_t(count) * format.blockBytes);
        for (std::uint64_t b = 0; b < count; ++b)
            fillBlock(format, scale, random, piece.data() + b * format.blockBytes);
        out.write(reinterpret_cast<const char *>(piece.data()), std::streamsize(piece.size()));
    }
}

// The format of a name in small letters, or nullptr.
const TensorTypeInfo *formatOf(std::string_view name)
{
    for (std::uint32_t number = 0; number < 64; ++number) {
        const TensorTypeInfo *info = alcove::llm::tensorTypeInfo(TensorType{number});
        if (info && info->runnable
            && std::equal(name.begin(), name.end(), info->name.begin(), info->name.end(),
                          [](char small, char any) {
                              return small == (any >= 'A' && any <= 'Z' ? any - 'A' + 'a' : any);
                          }))
            return info;
    }
    return nullptr;
}

bool write(const Shape &shape, const TensorTypeInfo *format, bool mixed, const char *path)
{
    Writer metadata;
    writeMetadata(shape, metadata);
    const std::vector<TensorPlan> tensors = planTensors(shape, format, mixed);
    Writer header;
    header.raw("GGUF", 4);
    header.u32(3);
    header.u64(tensors.size());
    header.u64(metadata.keys);
    header.raw(metadata.out.data(), metadata.out.size());
    for (const TensorPlan &tensor : tensors) {
        header.text(tensor.name);
        header.u32(std::uint32_t(tensor.shape.size()));
        for (const std::uint64_t dimension : tensor.shape)
            header.u64(dimension);
        header.u32(std::uint32_t(tensor.format ? tensor.format->type : TensorType::F32));
        header.u64(tensor.offset);
    }
    header.out.resize((header.out.size() + 31) / 32 * 32);

    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(header.out.data(), std::streamsize(header.out.size()));
    for (std::size_t i = 0; i < tensors.size() && out; ++i) {
        const TensorPlan &tensor = tensors[i];
        if (tensor.format)
            writeBlocks(tensor, i + 1, out);
        else
            writeOnes(tensor, out);
        const std::array<char, 32> padding{};
        out.write(padding.data(), std::streamsize((32 - tensor.bytes % 32) % 32));
    }
    out.close();
    return bool(out);
}

} // namespace

int main(int argc, char **argv)
{
    const Shape *shape = nullptr;
    const TensorTypeInfo *format = nullptr;
    const bool mixed = argc == 4 && std::string_view(argv[2]) == "q4_k_m";
    if (argc == 4) {
        for (const Shape &one : kShapes) {
            if (std::string_view(argv[1]) == one.name)
                shape = &one;
        }
        format = formatOf(mixed ? "q4_k" : argv[2]);
    }
    if (!shape || !format) {
        std::fputs("usage: make-bench-model SHAPE FORMAT OUT.gguf\n"
                   "  SHAPE   llama-120m qwen3-0.6b llama-3.2-1b llama-3.1-8b\n"
                   "  FORMAT  f16, q8_0, q4_k and so on, or q4_k_m\n",
                   stderr);
        return 2;
    }
    if (!write(*shape, format, mixed, argv[3])) {
        std::fprintf(stderr, "%s could not be written\n", argv[3]);
        return 1;
    }
    return 0;
}
