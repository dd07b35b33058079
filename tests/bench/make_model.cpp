// make-bench-model SHAPE FORMAT OUT.gguf
//
// Writes a model with the shape of a published one and random weights, for measuring speed: what it
// says is noise. The vocabulary is byte-level, so any text can be tokenized. The same arguments
// give the same file. Formats: f16 q8_0 q4_0 q4_k q4_k_m q6_k; norms are float32. q4_k_m holds half
// of the value and down projections, and the output, in q6_k, as files of that name do.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
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

struct Format {
    const char *name;
    std::uint32_t type;
    std::uint32_t blockElements;
    std::uint32_t blockBytes;
};

constexpr Format kF32{"f32", 0, 1, 4};
constexpr Format kQ6K{"q6_k", 14, 256, 210};
constexpr Format kQ4K{"q4_k", 12, 256, 144};
constexpr Format kFormats[] = {
    {"f16", 1, 1, 2}, {"q8_0", 8, 32, 34}, {"q4_0", 2, 32, 18}, kQ4K, kQ6K};

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

// For the normal numbers below 65504 that occur here; smaller ones become 0.
std::uint16_t half(float value)
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    if (magnitude < 0x38800000u)
        return std::uint16_t(sign);
    return std::uint16_t(sign | ((magnitude - 0x38000000u) >> 13));
}

void put16(std::uint8_t *at, std::uint16_t value)
{
    std::memcpy(at, &value, sizeof(value));
}

// One block whose weights have about the standard deviation `deviation`.
void fillBlock(const Format &format, float deviation, Random &random, std::uint8_t *block)
{
    if (format.type == 0) {
        const float one = 1.0f;
        std::memcpy(block, &one, sizeof(one));
        return;
    }
    if (format.type == 1) {
        put16(block, half((random.uniform() - 0.5f) * 3.46f * deviation));
        return;
    }
    for (std::uint32_t i = 0; i < format.blockBytes; ++i)
        block[i] = std::uint8_t(random.next() >> 32);
    switch (format.type) {
    case 8: // uniform -128 .. 127: deviation 74
        put16(block, half(deviation / 74.0f));
        break;
    case 2: // uniform -8 .. 7: deviation 4.6
        put16(block, half(deviation / 4.6f));
        break;
    case 12: { // quants 0 .. 15, scales 32 .. 47, offsets the scale times 7.5
        const float d = deviation / (4.6f * 40.0f);
        put16(block, half(d));
        put16(block + 2, half(d * 7.5f));
        for (int i = 0; i < 4; ++i) {
            block[4 + i] = block[8 + i] = std::uint8_t(0xa0u | (block[4 + i] & 15u));
            block[12 + i] = std::uint8_t((block[12 + i] & 15u) * 17u);
        }
        break;
    }
    default: { // q6_k: uniform -32 .. 31, deviation 18.5, times scales of about 100
        put16(block + 208, half(deviation / (18.5f * 100.0f)));
        for (int i = 0; i < 16; ++i)
            block[192 + i] = std::uint8_t(92 + (block[192 + i] & 15u));
        break;
    }
    }
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
    Format format;
    float deviation = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

std::vector<TensorPlan> planTensors(const Shape &s, const Format &main, bool mixed)
{
    std::vector<TensorPlan> tensors;
    const auto add = [&](std::string name, std::vector<std::uint64_t> shape, const Format &format) {
        const float deviation = 0.5f / std::sqrt(float(shape[0]));
        tensors.push_back({std::move(name), std::move(shape), format, deviation});
    };
    const std::uint64_t queries = std::uint64_t(s.heads) * s.headSize;
    const std::uint64_t keys = std::uint64_t(s.kvHeads) * s.headSize;
    // A tied embedding is the output too.
    add("token_embd.weight", {s.width, s.vocabulary}, mixed && s.tied ? kQ6K : main);
    for (std::uint32_t i = 0; i < s.layers; ++i) {
        const std::string prefix = "blk." + std::to_string(i) + ".";
        const bool fine =
            mixed && (i < s.layers / 8 || i >= 7 * s.layers / 8 || (i - s.layers / 8) % 3 == 2);
        const Format &some = fine ? kQ6K : main;
        add(prefix + "attn_norm.weight", {s.width}, kF32);
        add(prefix + "attn_q.weight", {s.width, queries}, main);
        add(prefix + "attn_k.weight", {s.width, keys}, main);
        add(prefix + "attn_v.weight", {s.width, keys}, some);
        if (s.headNorms) {
            add(prefix + "attn_q_norm.weight", {s.headSize}, kF32);
            add(prefix + "attn_k_norm.weight", {s.headSize}, kF32);
        }
        add(prefix + "attn_output.weight", {queries, s.width}, main);
        add(prefix + "ffn_norm.weight", {s.width}, kF32);
        add(prefix + "ffn_gate.weight", {s.width, s.hidden}, main);
        add(prefix + "ffn_up.weight", {s.width, s.hidden}, main);
        add(prefix + "ffn_down.weight", {s.hidden, s.width}, some);
    }
    add("output_norm.weight", {s.width}, kF32);
    if (!s.tied)
        add("output.weight", {s.width, s.vocabulary}, mixed ? kQ6K : main);
    std::uint64_t offset = 0;
    for (TensorPlan &tensor : tensors) {
        std::uint64_t elements = 1;
        for (const std::uint64_t dimension : tensor.shape)
            elements *= dimension;
        tensor.offset = offset;
        tensor.bytes = elements / tensor.format.blockElements * tensor.format.blockBytes;
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

bool write(const Shape &shape, const Format &format, bool mixed, const char *path)
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
        header.u32(tensor.format.type);
        header.u64(tensor.offset);
    }
    header.out.resize((header.out.size() + 31) / 32 * 32);

    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(header.out.data(), std::streamsize(header.out.size()));
    std::vector<std::uint8_t> piece;
    for (std::size_t i = 0; i < tensors.size() && out; ++i) {
        const TensorPlan &tensor = tensors[i];
        Random random(i + 1);
        const std::uint64_t blocks = tensor.bytes / tensor.format.blockBytes;
        constexpr std::uint64_t kPiece = 16384; // blocks
        for (std::uint64_t first = 0; first < blocks; first += kPiece) {
            const std::uint64_t count = blocks - first < kPiece ? blocks - first : kPiece;
            piece.resize(std::size_t(count) * tensor.format.blockBytes);
            for (std::uint64_t b = 0; b < count; ++b)
                fillBlock(tensor.format, tensor.deviation, random,
                          piece.data() + b * tensor.format.blockBytes);
            out.write(reinterpret_cast<const char *>(piece.data()), std::streamsize(piece.size()));
        }
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
    const Format *format = nullptr;
    const bool mixed = argc == 4 && std::string_view(argv[2]) == "q4_k_m";
    if (argc == 4) {
        for (const Shape &one : kShapes) {
            if (std::string_view(argv[1]) == one.name)
                shape = &one;
        }
        for (const Format &one : kFormats) {
            if (std::string_view(argv[2]) == one.name)
                format = &one;
        }
        if (mixed)
            format = &kQ4K;
    }
    if (!shape || !format) {
        std::fputs("usage: make-bench-model SHAPE FORMAT OUT.gguf\n"
                   "  SHAPE   llama-120m qwen3-0.6b llama-3.2-1b llama-3.1-8b\n"
                   "  FORMAT  f16 q8_0 q4_0 q4_k q4_k_m q6_k\n",
                   stderr);
        return 2;
    }
    if (!write(*shape, *format, mixed, argv[3])) {
        std::fprintf(stderr, "%s could not be written\n", argv[3]);
        return 1;
    }
    return 0;
}
