#include "core/llm/model_spec.h"
#include "tests/support/fixtures.h"
#include "tests/support/gguf_writer.h"

#include <QTest>

#include <functional>
#include <limits>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

using Change = std::function<void(GgufWriter &)>;

// The file outlives the specification that points into it.
struct Read {
    std::string bytes;
    GgufFile file;
    Result<ModelSpec> spec;
};

std::unique_ptr<Read> readBytes(std::string bytes)
{
    auto read = std::make_unique<Read>();
    read->bytes = std::move(bytes);
    auto file = GgufFile::parse(GgufWriter::view(read->bytes), "folder/some.model.gguf");
    if (!file) {
        read->spec = fail(file.error());
        return read;
    }
    read->file = std::move(*file);
    read->spec = readModelSpec(read->file);
    return read;
}

std::unique_ptr<Read> readTiny(const std::string &family, const Change &change = {})
{
    GgufWriter writer = tinyModel(family);
    if (change)
        change(writer);
    return readBytes(writer.bytes());
}

const Attention &attentionOf(const ModelSpec &spec, std::size_t layer = 0)
{
    return std::get<Attention>(spec.layers.at(layer).mixer);
}

std::string messageOf(const Read &read)
{
    return read.spec ? std::string() : read.spec.error().message;
}

// A model whose heads are 16 wide, for rotary tests.
GgufWriter wideHeads()
{
    return tinyModel()
        .u32("llama.attention.key_length", 16)
        .u32("llama.attention.value_length", 16)
        .tensor("blk.0.attn_q.weight", {8, 32})
        .tensor("blk.0.attn_k.weight", {8, 16})
        .tensor("blk.0.attn_v.weight", {8, 16})
        .tensor("blk.0.attn_output.weight", {32, 8});
}

void compareFrequencies(const std::vector<float> &actual, const std::vector<double> &expected)
{
    QCOMPARE(actual.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        QVERIFY2(std::abs(actual[i] / expected[i] - 1) < 1e-6,
                 qPrintable(QStringLiteral("pair %1: %2").arg(i).arg(double(actual[i]))));
}

// What no layer refers to: RoPE's factors, and the biases that qwen35 does not add.
bool isLeftOut(const ModelSpec &spec, const Tensor &tensor)
{
    const bool unusedBias = spec.architecture == "qwen35"
        && tensor.name.find(".attn_") != std::string::npos
        && tensor.name.find(".bias") != std::string::npos;
    return tensor.name.rfind("rope_f", 0) == 0 || unusedBias;
}

// What a file may lack: biases, an output of its own, an encoder's segments.
bool isOptional(const std::string &name)
{
    return name.find(".bias") != std::string::npos || name == "output.weight"
        || name == "token_types.weight";
}

// The same file, to change.
GgufWriter copyOf(const GgufFile &file)
{
    GgufWriter writer;
    for (const auto &[key, value] : file.metadata()) {
        std::string bytes(reinterpret_cast<const char *>(value.bytes.data()), value.bytes.size());
        if (value.type == GgufValueType::Array)
            bytes = bytesOf(std::uint32_t(value.elementType), value.count) + bytes;
        writer.raw(key, value.type, std::move(bytes));
    }
    for (const Tensor &tensor : file.tensors())
        writer.tensor(
            tensor.name, {tensor.shape.begin(), tensor.shape.begin() + tensor.rank}, tensor.type,
            std::string(reinterpret_cast<const char *>(tensor.data.data()), tensor.data.size()));
    return writer;
}

constexpr double kPlain[] = {1.0,  0.31622776601683794,   0.1,   0.03162277660168379,
                             0.01, 0.0031622776601683794, 0.001, 0.00031622776601683794};

} // namespace

class TestModelSpec : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsALlama()
    {
        const auto read = readTiny("llama");
        QVERIFY2(read->spec, messageOf(*read).c_str());
        const ModelSpec &spec = *read->spec;
        QCOMPARE(spec.architecture, std::string("llama"));
        QCOMPARE(spec.name, std::string("tiny"));
        QCOMPARE(spec.width, 8u);
        QCOMPARE(spec.vocabulary, 10u);
        QCOMPARE(spec.trainedContext, 64u);
        QCOMPARE(spec.layers.size(), 1u);
        QVERIFY(!spec.tiedEmbedding);
        QCOMPARE(spec.embedding, read->file.findTensor("token_embd.weight"));
        QCOMPARE(spec.output.weight, read->file.findTensor("output.weight"));
        QCOMPARE(spec.outputNorm.weight, read->file.findTensor("output_norm.weight"));
        QCOMPARE(spec.outputNorm.epsilon, 1e-5f);
        const Attention &attention = attentionOf(spec);
        QCOMPARE(attention.heads, 2u);
        QCOMPARE(attention.kvHeads, 1u);
        QCOMPARE(attention.headSize, 4u);
        QCOMPARE(attention.scale, 0.5f);
        QCOMPARE(attention.query.weight, read->file.findTensor("blk.0.attn_q.weight"));
        QCOMPARE(attention.key.weight, read->file.findTensor("blk.0.attn_k.weight"));
        QCOMPARE(attention.value.weight, read->file.findTensor("blk.0.attn_v.weight"));
        QCOMPARE(attention.output.weight, read->file.findTensor("blk.0.attn_output.weight"));
        QVERIFY(!attention.query.bias && !attention.queryNorm && !attention.keyNorm);
        QCOMPARE(attention.rope.pairs, RopePairs::Adjacent);
        QCOMPARE(attention.rope.dims, 4u);
        QCOMPARE(attention.rope.magnitude, 1.0f);
        compareFrequencies(attention.rope.frequencies, {1.0, 0.01});
        const auto &dense = std::get<DenseFeedForward>(spec.layers[0].feedForward);
        QCOMPARE(dense.gate.weight, read->file.findTensor("blk.0.ffn_gate.weight"));
        QCOMPARE(dense.up.outputs(), 12u);
        QCOMPARE(dense.down.inputs(), 12u);
        // embedding and output 80 each; norms 8 x 3; attention 64 + 32 + 32 + 64; feed-forward 96 x
        // 3
        QCOMPARE(spec.parameterCount(), 160u + 24 + 192 + 288);
        QCOMPARE(spec.weightBytes(), 4u * spec.parameterCount());
        QCOMPARE(spec.kvBytesPerPosition(2), 2u * 4 * 2);
        QCOMPARE(spec.kvBytesPerPosition(4), 2u * 4 * 4);
    }

    void readsQwen2()
    {
        const auto read = readTiny("qwen2");
        QVERIFY2(read->spec, messageOf(*read).c_str());
        const Attention &attention = attentionOf(*read->spec);
        QCOMPARE(attention.query.bias, read->file.findTensor("blk.0.attn_q.bias"));
        QCOMPARE(attention.key.bias, read->file.findTensor("blk.0.attn_k.bias"));
        QCOMPARE(attention.value.bias, read->file.findTensor("blk.0.attn_v.bias"));
        QVERIFY(!attention.output.bias);
        QCOMPARE(attention.rope.pairs, RopePairs::SplitHalf);
    }

    void readsQwen3()
    {
        const auto read = readTiny("qwen3");
        QVERIFY2(read->spec, messageOf(*read).c_str());
        const Attention &attention = attentionOf(*read->spec);
        QVERIFY(attention.queryNorm && attention.keyNorm);
        QCOMPARE(attention.queryNorm->weight, read->file.findTensor("blk.0.attn_q_norm.weight"));
        QCOMPARE(attention.keyNorm->weight, read->file.findTensor("blk.0.attn_k_norm.weight"));
        QCOMPARE(attention.keyNorm->epsilon, 1e-5f);
        QCOMPARE(attention.rope.pairs, RopePairs::SplitHalf);
    }

    void acceptsVariants()
    {
        const auto tied = readTiny("llama", [](auto &f) { f.removeTensor("output.weight"); });
        QVERIFY2(tied->spec, messageOf(*tied).c_str());
        QVERIFY(tied->spec->tiedEmbedding);
        QCOMPARE(tied->spec->output.weight, tied->spec->embedding);
        QCOMPARE(tied->spec->parameterCount(), 80u + 24 + 192 + 288);

        const auto biased =
            readTiny("llama", [](auto &f) { f.tensor("blk.0.attn_output.bias", {8}); });
        QVERIFY2(biased->spec, messageOf(*biased).c_str());
        QVERIFY(attentionOf(*biased->spec).output.bias);

        const auto perLayer = readTiny("llama", [](auto &f) {
            f.template numbers<std::int32_t>("llama.attention.head_count", GgufValueType::Int32,
                                             {2});
        });
        QVERIFY2(perLayer->spec, messageOf(*perLayer).c_str());
        QCOMPARE(attentionOf(*perLayer->spec).heads, 2u);

        const auto nameless = readTiny("llama", [](auto &f) { f.remove("general.name"); });
        QCOMPARE(nameless->spec->name, std::string("some.model"));

        const auto multiHead = readTiny("llama", [](auto &f) {
            f.remove("llama.attention.head_count_kv")
                .tensor("blk.0.attn_k.weight", {8, 8})
                .tensor("blk.0.attn_v.weight", {8, 8});
        });
        QVERIFY2(multiHead->spec, messageOf(*multiHead).c_str());
        QCOMPARE(attentionOf(*multiHead->spec).kvHeads, 2u);

        const auto scaled =
            readTiny("llama", [](auto &f) { f.f32("llama.attention.scale", 0.125f); });
        QCOMPARE(attentionOf(*scaled->spec).scale, 0.125f);

        const auto sixBits =
            readBytes(tinyModel()
                          .u32("llama.embedding_length", 256)
                          .u32("llama.attention.key_length", 4)
                          .tensor("token_embd.weight", {256, 10}, TensorType::Q6_K)
                          .tensor("blk.0.attn_norm.weight", {256})
                          .tensor("blk.0.attn_q.weight", {256, 8}, TensorType::Q4_K)
                          .tensor("blk.0.attn_k.weight", {256, 4}, TensorType::Q5_K)
                          .tensor("blk.0.attn_v.weight", {256, 4}, TensorType::Q8_0)
                          .tensor("blk.0.attn_output.weight", {8, 256}, TensorType::F16)
                          .tensor("blk.0.ffn_norm.weight", {256})
                          .tensor("blk.0.ffn_gate.weight", {256, 12}, TensorType::Q4_0)
                          .tensor("blk.0.ffn_up.weight", {256, 12}, TensorType::BF16)
                          .tensor("blk.0.ffn_down.weight", {12, 256})
                          .tensor("output_norm.weight", {256})
                          .removeTensor("output.weight")
                          .bytes());
        QVERIFY2(sixBits->spec, messageOf(*sixBits).c_str());
        QCOMPARE(sixBits->spec->output.weight->type, TensorType::Q6_K);
    }

    void readsASlidingWindow()
    {
        const auto mistral =
            readTiny("llama", [](auto &f) { f.u32("llama.attention.sliding_window", 16); });
        QVERIFY2(mistral->spec, messageOf(*mistral).c_str());
        QCOMPARE(mistral->spec->trainedContext, 64u);
        QCOMPARE(attentionOf(*mistral->spec).window, 16u);
        const auto wide =
            readTiny("qwen2", [](auto &f) { f.u32("qwen2.attention.sliding_window", 1000); });
        QVERIFY2(wide->spec, messageOf(*wide).c_str());
        QCOMPARE(attentionOf(*wide->spec).window, 0u);
        const auto narrow =
            readTiny("qwen2", [](auto &f) { f.u32("qwen2.attention.sliding_window", 16); });
        QVERIFY(messageOf(*narrow).find("a sliding window in layers") != std::string::npos);
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<int>("index");
        const auto &list = changes();
        for (std::size_t i = 0; i < list.size(); ++i)
            QTest::newRow(list[i].says) << QString::fromLatin1(list[i].family) << int(i);
    }

    void refuses()
    {
        QFETCH(QString, family);
        QFETCH(int, index);
        const auto &one = changes()[std::size_t(index)];
        const auto read = readTiny(family.toStdString(), one.change);
        QVERIFY(!read->spec);
        const std::string message = messageOf(*read);
        QVERIFY2(message.find(one.says) != std::string::npos, message.c_str());
        QVERIFY2(message.back() == '.', message.c_str());
        QCOMPARE(read->spec.error().code, one.code);
    }

    void namesEveryMissingTensor()
    {
        for (const std::string family : {"llama", "qwen2", "qwen3"}) {
            for (const std::string &name : tinyModel(family).tensorNames()) {
                if (name == "output.weight")
                    continue; // tied then
                const auto read = readTiny(family, [&](auto &f) { f.removeTensor(name); });
                QVERIFY2(!read->spec, name.c_str());
                QCOMPARE(read->spec.error().code, ErrorCode::InvalidFile);
                QVERIFY2(messageOf(*read).find("'" + name + "'") != std::string::npos,
                         messageOf(*read).c_str());
            }
        }
    }

    void namesEveryTensorOfAWrongShape()
    {
        for (const std::string family : {"llama", "qwen2", "qwen3"}) {
            for (const std::string &name : tinyModel(family).tensorNames()) {
                for (const std::vector<std::uint64_t> &shape :
                     std::vector<std::vector<std::uint64_t>>{{3}, {7, 8}, {8, 2, 2}}) {
                    const auto read = readTiny(family, [&](auto &f) { f.tensor(name, shape); });
                    QVERIFY2(!read->spec, name.c_str());
                    QVERIFY2(messageOf(*read).find("'" + name + "'") != std::string::npos,
                             messageOf(*read).c_str());
                }
            }
        }
    }

    void namesEveryFormatItCannotRun()
    {
        for (const TensorType type : {TensorType::Q8_1, TensorType::IQ1_S, TensorType::TQ1_0}) {
            const std::string name(tensorTypeInfo(type)->name);
            const auto read = readBytes(tinyModel()
                                            .u32("llama.embedding_length", 256)
                                            .tensor("token_embd.weight", {256, 10}, type)
                                            .bytes());
            QVERIFY(!read->spec);
            QCOMPARE(read->spec.error().code, ErrorCode::Unsupported);
            QVERIFY(messageOf(*read).find("stored as " + name) != std::string::npos);
        }
    }

    void foldsRopeScaling()
    {
        const std::vector<double> plain(std::begin(kPlain), std::end(kPlain));
        const auto rope = [](GgufWriter &writer) {
            const auto read = readBytes(writer.bytes());
            if (!read->spec)
                qFatal("%s", messageOf(*read).c_str());
            return attentionOf(*read->spec).rope;
        };
        GgufWriter file = wideHeads();
        compareFrequencies(rope(file).frequencies, plain);

        file = wideHeads().f32("llama.rope.freq_base", 1e8f);
        compareFrequencies(rope(file).frequencies, {1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7});

        file = wideHeads().u32("llama.rope.dimension_count", 8);
        QCOMPARE(rope(file).dims, 8u);
        compareFrequencies(rope(file).frequencies, {1.0, 0.1, 0.01, 0.001});

        std::vector<double> quarter = plain;
        for (double &one : quarter)
            one /= 4;
        for (const char *key : {"llama.rope.scaling.factor", "llama.rope.scale_linear"}) {
            file = wideHeads().f32(key, 4); // older files name no type
            compareFrequencies(rope(file).frequencies, quarter);
        }
        file = wideHeads()
                   .text("llama.rope.scaling.type", "linear")
                   .f32("llama.rope.scaling.factor", 4);
        compareFrequencies(rope(file).frequencies, quarter);
        QCOMPARE(rope(file).magnitude, 1.0f);
        file.text("llama.rope.scaling.type", "none");
        compareFrequencies(rope(file).frequencies, plain);

        const std::vector<float> factors = {1, 1, 2, 4, 8, 8, 32, 0.5f};
        std::vector<double> divided = plain;
        for (std::size_t i = 0; i < factors.size(); ++i)
            divided[i] /= double(factors[i]);
        file = wideHeads().floats("rope_freqs.weight", {8}, factors);
        compareFrequencies(rope(file).frequencies, divided);
    }

    // Worked out from the paper's formulas: the turns 32 and 1 over 64 positions fall on the pairs
    // 0 and 3, so the pairs 1 and 2 are blended by thirds.
    void foldsYarn()
    {
        GgufWriter file = wideHeads()
                              .text("llama.rope.scaling.type", "yarn")
                              .f32("llama.rope.scaling.factor", 4)
                              .u32("llama.rope.scaling.original_context_length", 64)
                              .u32("llama.context_length", 256);
        const auto read = readBytes(file.bytes());
        QVERIFY2(read->spec, messageOf(*read).c_str());
        const Rope &rope = attentionOf(*read->spec).rope;
        compareFrequencies(rope.frequencies,
                           {1.0, 0.23717082451262847, 0.05, 0.007905694150420948, 0.0025,
                            0.0007905694150420947, 0.00025, 7.905694150420948e-05});
        QVERIFY(std::abs(rope.magnitude - 1.138629436111989) < 1e-6);
        file.f32("llama.rope.scaling.attn_factor", 0.5f);
        const auto halved = readBytes(file.bytes());
        QVERIFY(std::abs(attentionOf(*halved->spec).rope.magnitude - 0.5693147180559945) < 1e-6);
    }

    // Of every architecture among the fixtures: what is missing or has another shape is named.
    void namesWhatIsWrongInEveryArchitecture_data()
    {
        QTest::addColumn<QString>("path");
        for (const ModelCase &one : modelCases()) {
            if (one.name.rfind("arch/", 0) == 0)
                QTest::newRow(one.name.c_str()) << QString::fromStdString(one.model);
        }
    }
    void namesWhatIsWrongInEveryArchitecture()
    {
        QFETCH(QString, path);
        auto file = GgufFile::open(path.toStdString());
        QVERIFY(file);
        const auto check = [](const GgufWriter &writer, const std::string &name) {
            const auto read = readBytes(writer.bytes());
            QVERIFY2(!read->spec, name.c_str());
            QVERIFY2(messageOf(*read).find("'" + name) != std::string::npos,
                     (name + ": " + messageOf(*read)).c_str());
        };
        const GgufWriter whole = copyOf(*file);
        const auto read = readBytes(whole.bytes());
        QVERIFY2(read->spec, messageOf(*read).c_str());
        for (const Tensor &tensor : file->tensors()) {
            if (isLeftOut(*read->spec, tensor))
                continue;
            check(GgufWriter(whole).tensor(tensor.name, {3, 2, 2}), tensor.name);
            if (isOptional(tensor.name))
                continue;
            // Without a fused one the parts are looked for.
            check(GgufWriter(whole).removeTensor(tensor.name),
                  tensor.name.substr(0, tensor.name.find("kv.weight")));
        }
        check(GgufWriter(whole).tensor("blk.0.unheard_of.weight", {4}), "blk.0.unheard_of.weight");
        const std::string family = read->spec->architecture;
        for (const char *key :
             {"embedding_length", "block_count", "context_length", "attention.head_count"})
            check(GgufWriter(whole).remove(family + "." + key), family + "." + key);
        check(GgufWriter(whole).f32(family + ".attention.clamp_kqv", 8.0f),
              family + ".attention.clamp_kqv");
    }

    void readsTheFixtures()
    {
        int seen = 0;
        for (const ModelCase &one : modelCases()) {
            const auto model = Model::open(one.model);
            if (!model) {
                QCOMPARE(model.error().code, ErrorCode::Unsupported);
                continue;
            }
            ++seen;
            const ModelSpec &spec = (*model)->spec();
            QCOMPARE(readFloats(one.expected).size(),
                     spec.isEncoder() ? spec.width : one.tokens.size() * spec.vocabulary);
            // Fused ones count once.
            std::uint64_t bytes = 0;
            for (const Tensor &tensor : (*model)->file().tensors())
                bytes += isLeftOut(spec, tensor) ? 0 : tensor.data.size();
            QCOMPARE(spec.weightBytes(), bytes);
            for (const Layer &layer : spec.layers) {
                const auto *attention = std::get_if<Attention>(&layer.mixer);
                if (!attention)
                    continue;
                QCOMPARE(attention->query.outputs(),
                         attention->heads * attention->headSize * (attention->outputGate ? 2 : 1));
                QCOMPARE(attention->rope.frequencies.size(), attention->rope.dims / 2);
            }
            if (one.name == "arch/llama3") {
                const auto &rope = attentionOf(spec).rope;
                QCOMPARE(rope.dims, 64u);
                QVERIFY((*model)->file().findTensor("rope_freqs.weight"));
                QVERIFY(spec.tiedEmbedding);
                // The slowest pair is slowed further by the file's factor.
                QVERIFY(rope.frequencies.back() < 0.9 * std::pow(500000.0, -62.0 / 64));
            } else if (one.name == "arch/qwen2") {
                QVERIFY(attentionOf(spec).query.bias);
            } else if (one.name == "arch/qwen3") {
                QVERIFY(attentionOf(spec).keyNorm);
            }
        }
        QVERIFY(seen >= 8);
    }

private:
    struct Case {
        const char *says;
        const char *family;
        ErrorCode code;
        Change change;
    };

    static const std::vector<Case> &changes()
    {
        constexpr auto kUnsupported = ErrorCode::Unsupported;
        constexpr auto kInvalid = ErrorCode::InvalidFile;
        constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
        static const std::vector<Case> list = {
            {"does not say what architecture", "llama", kInvalid,
             [](auto &f) { f.remove("general.architecture"); }},
            {"'mamba' is not supported yet", "llama", kUnsupported,
             [](auto &f) { f.text("general.architecture", "mamba"); }},
            {"'llama.expert_used_count'", "llama", kInvalid,
             [](auto &f) { f.u32("llama.expert_count", 8); }},
            {"numbers of experts are impossible", "llama", kInvalid,
             [](auto &f) { f.u32("llama.expert_count", 8).u32("llama.expert_used_count", 9); }},
            {"several files", "llama", kInvalid,
             [](auto &f) {
                 f.raw("split.count", GgufValueType::UInt16, bytesOf(std::uint16_t(3)));
             }},
            {"adapter", "llama", kUnsupported, [](auto &f) { f.text("general.type", "adapter"); }},
            {"vocabulary only", "llama", kUnsupported,
             [](auto &f) {
                 for (const std::string &name : f.tensorNames())
                     f.removeTensor(name);
             }},
            {"'llama.block_count'", "llama", kInvalid,
             [](auto &f) { f.remove("llama.block_count"); }},
            {"'llama.block_count' is impossibly large", "llama", kInvalid,
             [](auto &f) { f.u32("llama.block_count", 1u << 30); }},
            {"'llama.embedding_length'", "llama", kInvalid,
             [](auto &f) { f.u32("llama.embedding_length", 0); }},
            {"'llama.feed_forward_length' is not a whole number", "llama", kInvalid,
             [](auto &f) { f.f32("llama.feed_forward_length", 12.0f); }},
            {"'llama.feed_forward_length' for each layer", "llama", kUnsupported,
             [](auto &f) {
                 f.template numbers<std::int32_t>("llama.feed_forward_length", GgufValueType::Int32,
                                                  {12, 13});
             }},
            {"'llama.context_length'", "llama", kInvalid,
             [](auto &f) { f.text("llama.context_length", "64"); }},
            {"'llama.attention.head_count'", "llama", kInvalid,
             [](auto &f) { f.u32("llama.attention.head_count", 0); }},
            {"query heads do not divide", "llama", kInvalid,
             [](auto &f) { f.u32("llama.attention.head_count_kv", 0); }},
            {"do not divide among", "llama", kInvalid,
             [](auto &f) {
                 f.u32("llama.attention.head_count", 3).u32("llama.attention.head_count_kv", 2);
             }},
            {"size of its heads", "llama", kInvalid,
             [](auto &f) { f.u32("llama.attention.key_length", 0); }},
            {"another width than the keys", "llama", kUnsupported,
             [](auto &f) { f.u32("llama.attention.value_length", 2); }},
            {"'llama.attention.layer_norm_rms_epsilon'", "llama", kInvalid,
             [=](auto &f) { f.f32("llama.attention.layer_norm_rms_epsilon", kNan); }},
            {"no usable 'llama.attention.layer_norm_rms_epsilon'", "llama", kInvalid,
             [](auto &f) { f.f32("llama.attention.layer_norm_rms_epsilon", -1.0f); }},
            {"the position scaling 'longrope'", "llama", kUnsupported,
             [](auto &f) { f.text("llama.rope.scaling.type", "longrope"); }},
            {"'llama.rope.freq_base'", "llama", kInvalid,
             [=](auto &f) { f.f32("llama.rope.freq_base", kNan); }},
            {"rotary position settings", "llama", kInvalid,
             [](auto &f) { f.f32("llama.rope.freq_base", 1.0f); }},
            {"rotary position settings are", "llama", kInvalid,
             [](auto &f) { f.u32("llama.rope.dimension_count", 3); }},
            {"its rotary position", "llama", kInvalid,
             [](auto &f) { f.u32("llama.rope.dimension_count", 6); }},
            {"'llama.rope.scaling.factor'", "llama", kInvalid,
             [](auto &f) { f.f32("llama.rope.scaling.factor", -1.0f); }},
            {"rotary frequencies", "llama", kInvalid,
             [](auto &f) {
                 f.floats("rope_freqs.weight", {2}, {1.0f, 0.0f});
             }},
            {"its rotary frequencies", "llama", kInvalid,
             [](auto &f) {
                 f.floats("rope_freqs.weight", {2}, {1.0f, 1e-44f});
             }},
            {"'rope_freqs.weight' has 3 elements", "llama", kInvalid,
             [](auto &f) { f.tensor("rope_freqs.weight", {3}); }},
            {"'llama.rope.scaling.yarn_log_multiplier'", "llama", kUnsupported,
             [](auto &f) { f.f32("llama.rope.scaling.yarn_log_multiplier", 0.1f); }},
            {"'llama.rope.scaling.yarn_ext_factor'", "llama", kUnsupported,
             [](auto &f) {
                 f.text("llama.rope.scaling.type", "yarn")
                     .f32("llama.rope.scaling.yarn_ext_factor", 0.5f);
             }},
            {"'llama.attention.clamp_kqv'", "llama", kUnsupported,
             [](auto &f) { f.f32("llama.attention.clamp_kqv", 8.0f); }},
            {"'qwen3.final_logit_softcapping'", "qwen3", kUnsupported,
             [](auto &f) { f.f32("qwen3.final_logit_softcapping", 30.0f); }},
            {"'llama.logit_scale'", "llama", kUnsupported,
             [](auto &f) { f.f32("llama.logit_scale", 0.5f); }},
            {"also looks ahead", "llama", kUnsupported,
             [](auto &f) { f.flag("llama.attention.causal", false); }},
            {"in parallel", "llama", kUnsupported,
             [](auto &f) { f.flag("llama.use_parallel_residual", true); }},
            {"lists 3 tokens and embeds 10", "llama", kInvalid,
             [](auto &f) {
                 f.texts("tokenizer.ggml.tokens", {"a", "b", "c"});
             }},
            {"uses the tensor 'blk.0.attn_q_norm.weight'", "llama", kUnsupported,
             [](auto &f) { f.tensor("blk.0.attn_q_norm.weight", {4}); }},
            {"uses the tensor 'blk.1.attn_q.weight'", "qwen2", kUnsupported,
             [](auto &f) {
                 f.tensor("blk.1.attn_q.weight", {8, 8});
             }},
            {"'blk.0.attn_norm.weight' is not stored as F32", "llama", kUnsupported,
             [](auto &f) { f.tensor("blk.0.attn_norm.weight", {8}, TensorType::F16); }},
        };
        return list;
    }
};

QTEST_APPLESS_MAIN(TestModelSpec)
#include "tst_model_spec.moc"
