// Shapes that no fixture has: odd sizes of heads, as many KV heads as heads, a single head, experts
// of odd widths; against the reference executor, with every format of the KV cache.
#include "core/cpu/reference_executor.h"
#include "tests/cpu/cpu_executor_support.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/mixed_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>
#include <random>

using namespace alcove;
using namespace alcove::test;

namespace {

struct Shape {
    const char *name;
    const char *family = "llama";
    std::uint32_t heads = 2;
    std::uint32_t kvHeads = 1;
    std::uint32_t headSize = 16;
    std::uint32_t width = 48;
    std::uint32_t hidden = 40;
    std::uint32_t experts = 0;
    std::uint32_t used = 0;
};

constexpr std::uint32_t kVocabulary = 50;
constexpr std::uint32_t kLayers = 2;

constexpr Shape kShapes[] = {
    {"heads of 80", "llama", 4, 2, 80, 64, 72},   {"heads of 96", "qwen3", 2, 2, 96, 40, 33},
    {"heads of 40", "llama", 3, 3, 40, 120, 50},  {"heads of 12", "qwen3", 6, 2, 12, 24, 16},
    {"one head", "llama", 1, 1, 64, 64, 100},     {"many heads for one", "llama", 20, 1, 8, 33, 40},
    {"experts", "llama", 2, 1, 16, 48, 40, 5, 2}, {"all experts", "llama", 2, 2, 20, 40, 21, 3, 3},
};

GgufWriter writerOf(const Shape &shape, std::uint32_t layers = kLayers)
{
    std::mt19937 random(11);
    GgufWriter file;
    const std::string family = shape.family;
    const auto matrix = [&](const std::string &name, std::vector<std::uint64_t> sizes) {
        std::normal_distribution<float> normal(0.0f, 1.6f / std::sqrt(float(sizes[0])));
        std::uint64_t count = 1;
        for (const std::uint64_t size : sizes)
            count *= size;
        std::vector<float> values(count);
        for (float &value : values)
            value = normal(random);
        file.floats(name, std::move(sizes), values);
    };
    const auto norm = [&](const std::string &name, std::uint64_t size) {
        std::uniform_real_distribution<float> around(0.7f, 1.4f);
        std::vector<float> values(size);
        for (float &value : values)
            value = around(random);
        file.floats(name, {size}, values);
    };
    file.text("general.architecture", family)
        .u32(family + ".context_length", 256)
        .u32(family + ".embedding_length", shape.width)
        .u32(family + ".block_count", layers)
        .u32(family + ".feed_forward_length", shape.hidden)
        .u32(family + ".attention.head_count", shape.heads)
        .u32(family + ".attention.head_count_kv", shape.kvHeads)
        .u32(family + ".attention.key_length", shape.headSize)
        .u32(family + ".attention.value_length", shape.headSize)
        .u32(family + ".rope.dimension_count", shape.headSize)
        .f32(family + ".attention.layer_norm_rms_epsilon", 1e-5f);
    if (shape.experts)
        file.u32(family + ".expert_count", shape.experts)
            .u32(family + ".expert_used_count", shape.used);
    matrix("token_embd.weight", {shape.width, kVocabulary});
    for (std::uint32_t i = 0; i < layers; ++i) {
        const std::string block = "blk." + std::to_string(i) + ".";
        const std::uint64_t queries = std::uint64_t(shape.heads) * shape.headSize;
        const std::uint64_t keys = std::uint64_t(shape.kvHeads) * shape.headSize;
        norm(block + "attn_norm.weight", shape.width);
        matrix(block + "attn_q.weight", {shape.width, queries});
        matrix(block + "attn_k.weight", {shape.width, keys});
        matrix(block + "attn_v.weight", {shape.width, keys});
        matrix(block + "attn_output.weight", {queries, shape.width});
        if (family == "qwen3") {
            norm(block + "attn_q_norm.weight", shape.headSize);
            norm(block + "attn_k_norm.weight", shape.headSize);
        }
        norm(block + "ffn_norm.weight", shape.width);
        if (shape.experts) {
            matrix(block + "ffn_gate_inp.weight", {shape.width, shape.experts});
            matrix(block + "ffn_gate_exps.weight", {shape.width, shape.hidden, shape.experts});
            matrix(block + "ffn_up_exps.weight", {shape.width, shape.hidden, shape.experts});
            matrix(block + "ffn_down_exps.weight", {shape.hidden, shape.width, shape.experts});
        } else {
            matrix(block + "ffn_gate.weight", {shape.width, shape.hidden});
            matrix(block + "ffn_up.weight", {shape.width, shape.hidden});
            matrix(block + "ffn_down.weight", {shape.hidden, shape.width});
        }
    }
    norm("output_norm.weight", shape.width);
    matrix("output.weight", {shape.width, kVocabulary});
    return file;
}

} // namespace

class TestCpuShapes : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void agreesWithTheReference_data()
    {
        QTest::addColumn<int>("shape");
        for (std::size_t i = 0; i < std::size(kShapes); ++i)
            QTest::newRow(kShapes[i].name) << int(i);
    }
    void agreesWithTheReference()
    {
        QFETCH(int, shape);
        QTemporaryDir folder;
        QVERIFY(folder.isValid());
        auto opened = saved(folder, writerOf(kShapes[shape]).bytes());
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        const auto tokens = someTokens(150, kVocabulary);
        using llm::KvFormat;
        const std::pair<KvFormat, KvFormat> formats[] = {
            {KvFormat::F32, KvFormat::F32},   {KvFormat::F16, KvFormat::F16},
            {KvFormat::Q8_0, KvFormat::Q8_0}, {KvFormat::Q8_0, KvFormat::Q4_0},
            {KvFormat::F16, KvFormat::Q4_0},  {KvFormat::F32, KvFormat::Q8_0}};
        for (const auto &[keys, values] : formats) {
            llm::ExecutorOptions options = contextOf(160, keys);
            options.valueFormat = values;
            const bool coarse =
                values == KvFormat::Q8_0 || values == KvFormat::Q4_0 || keys == KvFormat::Q8_0;
            // The reference has blocks of whole heads only; there the plain kernels stand in.
            const bool known = !coarse || kShapes[shape].headSize % 32 == 0;
            const auto plain = known
                ? cpu::createReferenceExecutor(*opened, options)
                : cpu::createCpuExecutorWith(cpu::scalarKernels(), *opened, options);
            QVERIFY2(plain, plain ? "" : plain.error().message.c_str());
            const auto expected = (*plain)->forward(tokens, llm::LogitRows::All);
            QVERIFY(expected);
            const bool exact = keys == KvFormat::F32 && values == KvFormat::F32;
            const double most = exact ? kNmseFloat32
                : coarse              ? kNmseInt8Activations
                                      : kNmseFloat16Kv;
            for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
                for (const std::size_t first : {std::size_t(150), std::size_t(1)}) {
                    const auto executor = create(*opened, options, *kernels);
                    QVERIFY(executor);
                    const std::span all(tokens);
                    auto logits = executor->forward(all.first(first), llm::LogitRows::All);
                    QVERIFY(logits);
                    for (std::size_t at = first; at < tokens.size();) {
                        const std::size_t count = std::min<std::size_t>(at, tokens.size() - at);
                        const auto more =
                            executor->forward(all.subspan(at, count), llm::LogitRows::All);
                        QVERIFY(more);
                        logits->insert(logits->end(), more->begin(), more->end());
                        at += count;
                    }
                    const double error = nmse(*logits, *expected);
                    QVERIFY2(error <= most,
                             qPrintable(QStringLiteral("%1, formats %2 and %3: NMSE %4")
                                            .arg(kernels->name)
                                            .arg(int(keys))
                                            .arg(int(values))
                                            .arg(error)));
                }
            }
        }
    }

    // In a single layer keys and values depend on their own token and place alone, so that moving
    // them is the same as reading what stays from the start.
    void shiftingOneLayerIsReadingTheRest_data()
    {
        QTest::addColumn<int>("shape");
        for (const int shape : {0, 1, 3}) // pairs of neighbours, and split in halves
            QTest::newRow(kShapes[shape].name) << shape;
    }
    void shiftingOneLayerIsReadingTheRest()
    {
        QFETCH(int, shape);
        QTemporaryDir folder;
        const auto opened = saved(folder, writerOf(kShapes[shape], 1).bytes());
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        const auto options = contextOf(96, llm::KvFormat::F32);
        const auto tokens = someTokens(60, kVocabulary);
        const auto more = someTokens(9, kVocabulary);
        std::vector<llm::Token> rest(tokens.begin(), tokens.begin() + 7);
        rest.insert(rest.end(), tokens.begin() + 7 + 13, tokens.end());
        auto reference = cpu::createReferenceExecutor(*opened, options);
        QVERIFY(reference);
        QVERIFY((*reference)->forward(rest, llm::LogitRows::None));
        const auto expected = (*reference)->forward(more, llm::LogitRows::All);
        QVERIFY(expected);
        QVERIFY((*reference)->truncate(0));
        const auto fast = create(*opened, options);
        QVERIFY(fast);
        for (llm::Executor *executor : {reference->get(), fast.get()}) {
            QVERIFY(executor->forward(tokens, llm::LogitRows::None));
            QVERIFY(executor->discard(7, 13));
            const auto shifted = executor->forward(more, llm::LogitRows::All);
            QVERIFY(shifted);
            QVERIFY2(nmse(*shifted, *expected) < kNmseFloat32,
                     qPrintable(QString::number(nmse(*shifted, *expected))));
        }
    }

    void runsAMixOfFormats()
    {
        QTemporaryDir folder;
        const std::string bytes = mixedModel();
        QVERIFY(!bytes.empty());
        const auto opened = saved(folder, bytes);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        const auto options = contextOf(64, llm::KvFormat::F32);
        const auto tokens = someTokens(40, (*opened)->spec().vocabulary);
        auto reference = cpu::createReferenceExecutor(*opened, options);
        QVERIFY(reference);
        const auto expected = (*reference)->forward(tokens, llm::LogitRows::All);
        QVERIFY(expected);
        for (const cpu::KernelTable *kernels : cpu::runnableKernels()) {
            const auto executor = create(*opened, options, *kernels);
            QVERIFY(executor);
            const auto actual = executor->forward(tokens, llm::LogitRows::All);
            QVERIFY(actual);
            QVERIFY(nmse(*actual, *expected) < kNmseInt8Activations);
        }
    }

private:
    static Result<std::shared_ptr<const llm::Model>> saved(const QTemporaryDir &folder,
                                                           const std::string &bytes)
    {
        const std::string path = folder.filePath(QStringLiteral("model.gguf")).toStdString();
        std::ofstream(path, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
        return llm::Model::open(path);
    }
};

QTEST_APPLESS_MAIN(TestCpuShapes)
#include "tst_cpu_shapes.moc"
