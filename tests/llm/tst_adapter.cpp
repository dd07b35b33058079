#include "core/cpu/reference_executor.h"
#include "core/llm/adapter.h"
#include "tests/support/fixtures.h"
#include "tests/support/gguf_writer.h"

#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::uint64_t kRank = 2;
using Floats = std::vector<float>;

Floats randomFloats(std::size_t count, unsigned seed)
{
    std::mt19937 random(seed);
    Floats values(count);
    for (float &value : values)
        value = float(int(random() % 2001) - 1000) / 1000.0f;
    return values;
}

// The tiny model with weights that are not zero.
GgufWriter randomModel(const std::string &family = "llama")
{
    GgufWriter file = tinyModel(family);
    const std::string bytes = file.bytes();
    const auto parsed = GgufFile::parse(GgufWriter::view(bytes), "tiny");
    unsigned seed = 1;
    for (const Tensor &tensor : parsed->tensors()) {
        std::vector<std::uint64_t> shape(tensor.shape.begin(), tensor.shape.begin() + tensor.rank);
        file.floats(tensor.name, shape, randomFloats(std::size_t(tensor.elements()), ++seed));
    }
    return file;
}

GgufWriter emptyAdapter(const std::string &family = "llama")
{
    GgufWriter file;
    file.text("general.architecture", family)
        .text("general.type", "adapter")
        .text("adapter.type", "lora")
        .f32("adapter.lora.alpha", 3.0f);
    return file;
}

// A pair for a matrix [outputs][inputs].
void addPair(GgufWriter &file, const std::string &name, std::uint64_t outputs, std::uint64_t inputs,
             unsigned seed = 77)
{
    file.floats(name + ".lora_a", {inputs, kRank}, randomFloats(inputs * kRank, seed))
        .floats(name + ".lora_b", {kRank, outputs}, randomFloats(outputs * kRank, seed + 1));
}

// weights + scale * B A, in the file's order of rows.
Floats merged(const Floats &weights, const Floats &a, const Floats &b, float scale,
              std::size_t inputs)
{
    Floats out = weights;
    for (std::size_t i = 0; i < out.size(); ++i) {
        double sum = 0;
        for (std::size_t r = 0; r < kRank; ++r)
            sum += double(b[i / inputs * kRank + r]) * double(a[r * inputs + i % inputs]);
        out[i] += float(double(scale) * sum);
    }
    return out;
}

Floats floatsOf(const GgufWriter &file, const std::string &name)
{
    const std::string bytes = file.bytes();
    const auto parsed = GgufFile::parse(GgufWriter::view(bytes), "file");
    const Tensor *tensor = parsed->findTensor(name);
    Floats values(std::size_t(tensor->elements()));
    dequantise(*tensor, 0, values.size(), values.data());
    return values;
}

std::shared_ptr<const Adapter> parseAdapter(const std::string &bytes)
{
    auto adapter = Adapter::parse(GgufWriter::view(bytes), "folder/style.gguf");
    if (!adapter) {
        qWarning("%s", adapter.error().message.c_str());
        return nullptr;
    }
    return *adapter;
}

const std::vector<Token> kTokens = {1, 5, 7, 2, 9};

} // namespace

class TestAdapter : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QVERIFY(m_folder.isValid()); }

    void readsPairs()
    {
        GgufWriter file = emptyAdapter();
        addPair(file, "blk.0.attn_q.weight", 8, 8);
        addPair(file, "output.weight", 10, 8);
        const std::string bytes = file.bytes();
        const auto adapter = parseAdapter(bytes);
        QVERIFY(adapter);
        QCOMPARE(adapter->architecture(), std::string_view("llama"));
        QCOMPARE(adapter->pairs().size(), 2u);
        const Adapter::Pair &pair = adapter->pairs()[1];
        QCOMPARE(pair.base, std::string("output.weight"));
        QCOMPARE(pair.part.rank(), 2u);
        QCOMPARE(pair.part.scale, 1.5f);
        QCOMPARE(pair.part.a->shape[0], 8u);
        QCOMPARE(pair.part.b->shape[1], 10u);
    }

    void scaleWithoutAlpha()
    {
        for (const bool zero : {false, true}) {
            GgufWriter file = emptyAdapter().remove("adapter.lora.alpha");
            if (zero)
                file.f32("adapter.lora.alpha", 0.0f);
            addPair(file, "output.weight", 10, 8);
            const std::string bytes = file.bytes();
            const auto adapter = parseAdapter(bytes);
            QVERIFY(adapter);
            QCOMPARE(adapter->pairs()[0].part.scale, 1.0f);
        }
    }

    void refusesFiles_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, const std::function<void(GgufWriter &)> &change,
                            const char *says) {
            GgufWriter file = emptyAdapter();
            addPair(file, "blk.0.attn_q.weight", 8, 8);
            change(file);
            QTest::newRow(name) << QByteArray::fromStdString(file.bytes()) << QString(says);
        };
        row(
            "model", [](GgufWriter &f) { f.text("general.type", "model"); }, "is not an adapter");
        row(
            "no type", [](GgufWriter &f) { f.remove("general.type"); }, "is not an adapter");
        row(
            "other kind", [](GgufWriter &f) { f.text("adapter.type", "ia3"); }, "kind 'ia3'");
        row(
            "no kind", [](GgufWriter &f) { f.remove("adapter.type"); }, "only LoRA");
        row(
            "no architecture", [](GgufWriter &f) { f.remove("general.architecture"); },
            "what architecture");
        row(
            "activated",
            [](GgufWriter &f) {
                f.numbers<std::uint32_t>("adapter.alora.invocation_tokens", GgufValueType::UInt32,
                                         {1, 2});
            },
            "activated LoRA");
        row(
            "alpha text", [](GgufWriter &f) { f.text("adapter.lora.alpha", "16"); }, "its alpha");
        row(
            "alpha infinite", [](GgufWriter &f) { f.f32("adapter.lora.alpha", INFINITY); },
            "its alpha");
        row(
            "alpha huge", [](GgufWriter &f) { f.f32("adapter.lora.alpha", 1e30f); }, "its alpha");
        row(
            "no B", [](GgufWriter &f) { f.removeTensor("blk.0.attn_q.weight.lora_b"); },
            "blk.0.attn_q.weight.lora_a has no partner");
        row(
            "no A", [](GgufWriter &f) { f.removeTensor("blk.0.attn_q.weight.lora_a"); },
            "blk.0.attn_q.weight.lora_b has no partner");
        row(
            "other tensor", [](GgufWriter &f) { f.tensor("blk.0.attn_norm.weight", {8}); },
            "also replaces blk.0.attn_norm.weight");
        row(
            "suffix alone",
            [](GgufWriter &f) {
                f.tensor(".lora_a", {8, 2});
            },
            "also replaces .lora_a");
        row(
            "ranks differ",
            [](GgufWriter &f) {
                f.tensor("blk.0.attn_q.weight.lora_b", {3, 8});
            },
            "different ranks: [2][8] and [8][3]");
        row(
            "vector", [](GgufWriter &f) { f.tensor("blk.0.attn_q.weight.lora_b", {2}); },
            "have the shapes [2][8] and [2]");
        row(
            "experts differ",
            [](GgufWriter &f) {
                f.tensor("blk.0.attn_q.weight.lora_a", {8, 2, 3})
                    .tensor("blk.0.attn_q.weight.lora_b", {2, 8, 4});
            },
            "have the shapes [3][2][8] and [4][8][2]");
        row(
            "integers",
            [](GgufWriter &f) {
                f.tensor("blk.0.attn_q.weight.lora_b", {2, 8}, TensorType::I16);
            },
            "blk.0.attn_q.weight.lora_b in a format that is not supported");
        row(
            "nothing in it",
            [](GgufWriter &f) {
                f.removeTensor("blk.0.attn_q.weight.lora_a")
                    .removeTensor("blk.0.attn_q.weight.lora_b");
            },
            "is empty");
        QTest::newRow("no GGUF") << QByteArray("no such thing") << QString("GGUF");
    }
    void refusesFiles()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, says);
        const std::string text = bytes.toStdString();
        const auto adapter = Adapter::parse(GgufWriter::view(text), "folder/style.gguf");
        QVERIFY(!adapter);
        const QString message = QString::fromStdString(adapter.error().message);
        QVERIFY2(message.contains(says), qPrintable(message));
        QVERIFY(message.contains("folder/style.gguf"));
    }

    // Cut anywhere, the file is refused and nothing is read outside it.
    void refusesEveryCut()
    {
        GgufWriter file = emptyAdapter();
        addPair(file, "output.weight", 10, 8);
        const std::string bytes = file.bytes();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const std::string cut = bytes.substr(0, size);
            QVERIFY(!Adapter::parse(GgufWriter::view(cut), "cut"));
        }
    }

    void refusesWhatDoesNotFit_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, GgufWriter file, const char *base,
                            std::vector<std::uint64_t> a, std::vector<std::uint64_t> b,
                            const char *says) {
            file.tensor(std::string(base) + ".lora_a", std::move(a));
            file.tensor(std::string(base) + ".lora_b", std::move(b));
            QTest::newRow(name) << QByteArray::fromStdString(file.bytes()) << QString(says);
        };
        row("architecture", emptyAdapter("qwen3"), "output.weight", {8, 2}, {2, 10},
            "for models of the architecture 'qwen3'; this one is 'llama'");
        row("unknown tensor", emptyAdapter(), "blk.1.attn_q.weight", {8, 2}, {2, 8},
            "blk.1.attn_q.weight, which the model does not have");
        row("inputs", emptyAdapter(), "blk.0.ffn_down.weight", {8, 2}, {2, 8},
            "blk.0.ffn_down.weight, which has the shape [8][12]");
        row("outputs", emptyAdapter(), "blk.0.ffn_down.weight", {12, 2}, {2, 12},
            "blk.0.ffn_down.weight, which has the shape [8][12]");
        row("experts", emptyAdapter(), "blk.0.ffn_down.weight", {12, 2, 4}, {2, 8, 4},
            "blk.0.ffn_down.weight, which has the shape [8][12]");
        row("embedding as a matrix", emptyAdapter(), "token_embd.weight", {2, 8}, {2, 10},
            "token_embd.weight, which has the shape [10][8]");
        row("vector", emptyAdapter(), "blk.0.attn_norm.weight", {8, 2}, {2, 1},
            "blk.0.attn_norm.weight, which has the shape [8]");
    }
    void refusesWhatDoesNotFit()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, says);
        const std::string text = bytes.toStdString();
        const auto adapter = parseAdapter(text);
        QVERIFY(adapter);
        const auto model = open(randomModel());
        QVERIFY(model);
        const AdapterUse use{adapter, 1.0f};
        const auto set = AdapterSet::bind(*model, {&use, 1});
        QVERIFY(!set);
        QCOMPARE(set.error().code, ErrorCode::InvalidArgument);
        const QString message = QString::fromStdString(set.error().message);
        QVERIFY2(message.contains(says), qPrintable(message));
    }

    void refusesUses()
    {
        const auto model = open(randomModel());
        QVERIFY(model);
        const AdapterUse none;
        QVERIFY(!AdapterSet::bind(*model, {&none, 1}));
        GgufWriter file = emptyAdapter();
        addPair(file, "output.weight", 10, 8);
        const std::string bytes = file.bytes();
        const AdapterUse endless{parseAdapter(bytes), INFINITY};
        QVERIFY(!AdapterSet::bind(*model, {&endless, 1}));
    }

    // Used beside the model, an adapter changes what merging it into the weights would change.
    void sameAsMerged_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("outputs");
        QTest::addColumn<int>("inputs");
        QTest::newRow("q") << "blk.0.attn_q.weight" << 8 << 8;
        QTest::newRow("k") << "blk.0.attn_k.weight" << 4 << 8;
        QTest::newRow("v") << "blk.0.attn_v.weight" << 4 << 8;
        QTest::newRow("o") << "blk.0.attn_output.weight" << 8 << 8;
        QTest::newRow("gate") << "blk.0.ffn_gate.weight" << 12 << 8;
        QTest::newRow("up") << "blk.0.ffn_up.weight" << 12 << 8;
        QTest::newRow("down") << "blk.0.ffn_down.weight" << 8 << 12;
        QTest::newRow("output") << "output.weight" << 10 << 8;
    }
    void sameAsMerged()
    {
        QFETCH(QString, name);
        QFETCH(int, outputs);
        QFETCH(int, inputs);
        const std::string tensor = name.toStdString();
        GgufWriter file = emptyAdapter();
        addPair(file, tensor, unsigned(outputs), unsigned(inputs));
        const GgufWriter base = randomModel();
        GgufWriter whole = base;
        // alpha / rank is 1.5, and the use doubles it
        whole.floats(tensor, {unsigned(inputs), unsigned(outputs)},
                     merged(floatsOf(base, tensor), floatsOf(file, tensor + ".lora_a"),
                            floatsOf(file, tensor + ".lora_b"), 3.0f, unsigned(inputs)));
        const std::string bytes = file.bytes();
        compareUse(base, {{parseAdapter(bytes), 2.0f}}, whole);
    }

    void severalAddUp()
    {
        const std::string tensor = "blk.0.ffn_up.weight";
        GgufWriter first = emptyAdapter();
        addPair(first, tensor, 12, 8, 5);
        GgufWriter second = emptyAdapter();
        addPair(second, tensor, 12, 8, 9);
        const GgufWriter base = randomModel();
        GgufWriter whole = base;
        Floats weights = merged(floatsOf(base, tensor), floatsOf(first, tensor + ".lora_a"),
                                floatsOf(first, tensor + ".lora_b"), 1.5f, 8);
        weights = merged(weights, floatsOf(second, tensor + ".lora_a"),
                         floatsOf(second, tensor + ".lora_b"), -0.75f, 8);
        whole.floats(tensor, {8, 12}, weights);
        const std::string firstBytes = first.bytes();
        const std::string secondBytes = second.bytes();
        compareUse(base, {{parseAdapter(firstBytes), 1.0f}, {parseAdapter(secondBytes), -0.5f}},
                   whole);
    }

    // Its A has a row for each token. A tied output stays as it is: only what is looked up changes.
    void embedding()
    {
        for (const bool tied : {false, true}) {
            GgufWriter file = emptyAdapter();
            const Floats a = randomFloats(10 * kRank, 31);
            const Floats b = randomFloats(8 * kRank, 32);
            file.floats("token_embd.weight.lora_a", {kRank, 10}, a)
                .floats("token_embd.weight.lora_b", {kRank, 8}, b);
            GgufWriter base = randomModel();
            if (tied)
                base.removeTensor("output.weight");
            Floats rows = floatsOf(base, "token_embd.weight");
            GgufWriter whole = base;
            if (tied)
                whole.floats("output.weight", {8, 10}, rows);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                for (std::size_t r = 0; r < kRank; ++r)
                    rows[i] += 1.5f * a[i / 8 * kRank + r] * b[i % 8 * kRank + r];
            }
            whole.floats("token_embd.weight", {8, 10}, rows);
            const std::string bytes = file.bytes();
            compareUse(base, {{parseAdapter(bytes), 1.0f}}, whole);
        }
    }

    void quantisedPair()
    {
        GgufWriter file = emptyAdapter();
        // 32 ranks, so that B's rows are whole blocks; Q8_0: a half-precision scale and 32
        // integers.
        std::string block = bytesOf(std::uint16_t(0x3000)); // 0.125
        for (int i = 0; i < 32; ++i)
            block += char(i - 16);
        std::string b;
        for (int row = 0; row < 10; ++row)
            b += block;
        const Floats a = randomFloats(8 * 32, 3);
        file.floats("output.weight.lora_a", {8, 32}, a)
            .tensor("output.weight.lora_b", {32, 10}, TensorType::Q8_0, b);
        const GgufWriter base = randomModel();
        Floats weights = floatsOf(base, "output.weight");
        for (std::size_t i = 0; i < weights.size(); ++i) {
            for (std::size_t r = 0; r < 32; ++r)
                weights[i] += 3.0f / 32.0f * 0.125f * float(int(r) - 16) * a[r * 8 + i % 8];
        }
        GgufWriter whole = base;
        whole.floats("output.weight", {8, 10}, weights);
        const std::string bytes = file.bytes();
        compareUse(base, {{parseAdapter(bytes), 1.0f}}, whole);
    }

    // A matrix that the specification takes in parts: each gets its rows of B.
    void partsOfAFusedMatrix()
    {
        GgufWriter file = emptyAdapter();
        addPair(file, "blk.0.ffn_up.weight", 12, 8);
        const std::string bytes = file.bytes();
        const auto adapter = parseAdapter(bytes);
        const auto model = open(randomModel());
        QVERIFY(adapter && model);
        auto changed = std::const_pointer_cast<Model>(model);
        auto &spec = const_cast<ModelSpec &>(changed->spec());
        auto &dense = std::get<DenseFeedForward>(spec.layers[0].feedForward);
        auto view = std::make_shared<Tensor>(*dense.up.weight);
        view->shape[1] = 4;
        view->data = view->data.subspan(5 * 8 * 4, 4 * 8 * 4);
        dense.up.weight = view.get();
        spec.views.push_back(view);
        const AdapterUse use{adapter, 1.0f};
        const auto set = AdapterSet::bind(*model, {&use, 1});
        QVERIFY2(set, set ? "" : set.error().message.c_str());
        QCOMPARE(set->of(view.get()).size(), 1u);
        const Floats x = randomFloats(8, 4);
        Floats y(4);
        addLowRank(set->of(view.get()), x, y);
        const Floats change = merged(Floats(12 * 8), floatsOf(file, "blk.0.ffn_up.weight.lora_a"),
                                     floatsOf(file, "blk.0.ffn_up.weight.lora_b"), 1.5f, 8);
        for (std::size_t row = 0; row < 4; ++row) {
            float sum = 0;
            for (std::size_t i = 0; i < 8; ++i)
                sum += change[(row + 5) * 8 + i] * x[i];
            QVERIFY(std::fabs(y[row] - sum) < 1e-5f);
        }
    }

    void everyExpertHasItsOwn()
    {
        GgufWriter file = emptyAdapter();
        const Floats a = randomFloats(3 * kRank * 4, 1);
        const Floats b = randomFloats(3 * 5 * kRank, 2);
        file.floats("blk.0.ffn_up_exps.weight.lora_a", {4, kRank, 3}, a)
            .floats("blk.0.ffn_up_exps.weight.lora_b", {kRank, 5, 3}, b);
        const std::string bytes = file.bytes();
        const auto adapter = parseAdapter(bytes);
        QVERIFY(adapter);
        const LowRank &part = adapter->pairs()[0].part;
        const Floats x = randomFloats(4, 3);
        for (std::size_t expert = 0; expert < 3; ++expert) {
            Floats y(5);
            addLowRank({&part, 1}, x, y, std::uint32_t(expert));
            const Floats change =
                merged(Floats(5 * 4), Floats(a.begin() + expert * 8, a.begin() + expert * 8 + 8),
                       Floats(b.begin() + expert * 10, b.begin() + expert * 10 + 10), 1.5f, 4);
            for (std::size_t row = 0; row < 5; ++row) {
                float sum = 0;
                for (std::size_t i = 0; i < 4; ++i)
                    sum += change[row * 4 + i] * x[i];
                QVERIFY(std::fabs(y[row] - sum) < 1e-5f);
            }
        }
    }

    // The cache is emptied, what does not fit leaves the old ones, none gives the model back.
    void exchanges()
    {
        const auto model = open(randomModel());
        QVERIFY(model);
        auto executor = cpu::createReferenceExecutor(model, {});
        QVERIFY(executor);
        const auto plain = (*executor)->forward(kTokens, LogitRows::Last);
        GgufWriter file = emptyAdapter();
        addPair(file, "blk.0.attn_v.weight", 4, 8);
        const std::string bytes = file.bytes();
        const AdapterUse use{parseAdapter(bytes), 1.0f};
        QVERIFY((*executor)->setAdapters({&use, 1}));
        QCOMPARE((*executor)->length(), 0u);
        QVERIFY(!(*executor)->startSampling({}, {}));
        const auto adapted = (*executor)->forward(kTokens, LogitRows::Last);
        QVERIFY(plain && adapted && *plain != *adapted);

        GgufWriter wrong = emptyAdapter();
        addPair(wrong, "blk.7.attn_v.weight", 4, 8);
        const std::string wrongBytes = wrong.bytes();
        const AdapterUse other{parseAdapter(wrongBytes), 1.0f};
        QVERIFY(!(*executor)->setAdapters({&other, 1}));
        QCOMPARE((*executor)->length(), std::uint32_t(kTokens.size()));
        QVERIFY((*executor)->truncate(0));
        QVERIFY(*(*executor)->forward(kTokens, LogitRows::Last) == *adapted);

        QVERIFY((*executor)->setAdapters({}));
        QVERIFY(*(*executor)->forward(kTokens, LogitRows::Last) == *plain);
    }

private:
    std::shared_ptr<const Model> open(const GgufWriter &file)
    {
        const std::string path = m_folder.filePath("model.gguf").toStdString();
        std::ofstream(path, std::ios::binary) << file.bytes();
        auto model = Model::open(path);
        if (!model) {
            qWarning("%s", model.error().message.c_str());
            return nullptr;
        }
        return *model;
    }

    void compareUse(const GgufWriter &base, const std::vector<AdapterUse> &uses,
                    const GgufWriter &whole)
    {
        ExecutorOptions options;
        options.kvFormat = KvFormat::F32;
        const auto logits = [&](const GgufWriter &file, std::span<const AdapterUse> adapters) {
            Floats none;
            const auto model = open(file);
            if (!model)
                return none;
            auto executor = cpu::createReferenceExecutor(model, options);
            if (!executor || !(*executor)->setAdapters(adapters))
                return none;
            return (*executor)->forward(kTokens, LogitRows::All).value_or(none);
        };
        const Floats plain = logits(base, {});
        const Floats actual = logits(base, uses);
        const Floats expected = logits(whole, {});
        QCOMPARE(expected.size(), kTokens.size() * 10);
        QCOMPARE(actual.size(), expected.size());
        QVERIFY(nmse(actual, expected) < 1e-10);
        QVERIFY(nmse(plain, expected) > 1e-4); // the change is one
    }

    QTemporaryDir m_folder;
};

QTEST_APPLESS_MAIN(TestAdapter)
#include "tst_adapter.moc"
