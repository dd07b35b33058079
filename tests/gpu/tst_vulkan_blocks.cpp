#include "block_bench.h"
#include "core/cpu/reference_layers.h"
#include "core/cpu/reference_math.h"
#include "core/llm/adapter.h"
#include "gpu/weight_layout.h"
#include "gpu_support.h"
#include "tests/support/fixtures.h"

#include <QTest>

using namespace alcove;
using namespace alcove::llm;
namespace reference = alcove::cpu::reference;

namespace {

constexpr double kMost = 1e-9; // NMSE of float32 arithmetic against that in double precision

std::span<const float> rowOf(const std::vector<float> &rows, std::size_t row, std::size_t width)
{
    return std::span<const float>(rows).subspan(row * width, width);
}

struct ExpertCase {
    const char *name;
    std::uint32_t width = 48;
    std::uint32_t hidden = 40;
    std::uint32_t experts = 5;
    std::uint32_t used = 2;
    Activation activation = Activation::Silu;
    ExpertWeights weights = ExpertWeights::Softmax;
    bool renormalise = false;
    bool biases = false; // of router, experts and choice
    bool apart = false; // gate and up differ in format
    std::uint32_t sharedHidden = 0; // 0: no shared expert
    bool sharedGate = false;
    bool sharedApart = false;
    std::uint32_t stages = 4;
};

const ExpertCase kExpertCases[] = {
    {.name = "softmax"},
    {.name = "one expert", .experts = 1, .used = 1},
    {.name = "all experts", .experts = 9, .used = 9, .renormalise = true},
    {.name = "many experts, few tokens each", .experts = 70, .used = 6, .renormalise = true},
    {.name = "ragged, biases",
     .width = 37,
     .hidden = 21,
     .activation = Activation::ClampedSwiglu,
     .weights = ExpertWeights::SoftmaxOfChosen,
     .biases = true},
    {.name = "apart",
     .activation = Activation::GeluTanh,
     .biases = true,
     .apart = true,
     .stages = 5},
    {.name = "sigmoid, shared",
     .experts = 8,
     .used = 3,
     .weights = ExpertWeights::Sigmoid,
     .renormalise = true,
     .biases = true,
     .sharedHidden = 56},
    {.name = "shared gate",
     .width = 37,
     .hidden = 16,
     .activation = Activation::Gelu,
     .sharedHidden = 23,
     .sharedGate = true},
    {.name = "all apart",
     .apart = true,
     .sharedHidden = 24,
     .sharedGate = true,
     .sharedApart = true,
     .stages = 5},
};

ExpertFeedForward makeExperts(const ExpertCase &one, test::TensorStore &store)
{
    const TensorType other = TensorType::BF16;
    const auto matrices = [&](std::uint64_t outputs, std::uint64_t inputs, TensorType type) {
        ExpertMatrices made;
        const float most = 2.0f / std::sqrt(float(inputs));
        made.weight = store.make(type, {inputs, outputs, one.experts}, -most, most);
        if (one.biases)
            made.bias = store.floats({outputs, one.experts});
        return made;
    };
    ExpertFeedForward experts;
    experts.activation = one.activation;
    experts.used = one.used;
    experts.weights = one.weights;
    experts.renormalise = one.renormalise;
    experts.weightScale = 1.7f;
    experts.router = store.linear(one.experts, one.width);
    if (one.biases) {
        experts.router.bias = store.floats({one.experts});
        experts.choiceBias = store.floats({one.experts}, -0.2f, 0.2f);
    }
    experts.gate = matrices(one.hidden, one.width, one.apart ? other : TensorType::F32);
    experts.up = matrices(one.hidden, one.width, TensorType::F32);
    experts.down = matrices(one.width, one.hidden, other);
    if (one.sharedHidden > 0) {
        DenseFeedForward shared;
        shared.gate =
            store.linear(one.sharedHidden, one.width, one.sharedApart ? other : TensorType::F32);
        shared.up = store.linear(one.sharedHidden, one.width);
        shared.down = store.linear(one.width, one.sharedHidden);
        experts.shared = shared;
    }
    if (one.sharedGate)
        experts.sharedGate = store.floats({one.width});
    return experts;
}

struct MixerCase {
    const char *name;
    Mixer mixer;
    std::uint32_t width = 0;
};

ShortConvolution makeConvolution(std::uint32_t width, std::uint32_t taps, test::TensorStore &store)
{
    ShortConvolution made;
    made.in = store.linear(3 * width, width);
    made.kernel = store.floats({taps, width});
    made.out = store.linear(width, width);
    return made;
}

GatedDeltaNet makeDeltaNet(std::uint32_t width, std::uint32_t keyHeads, std::uint32_t valueHeads,
                           std::uint32_t keySize, std::uint32_t valueSize, TensorType gate,
                           test::TensorStore &store)
{
    GatedDeltaNet net;
    net.keyHeads = keyHeads;
    net.valueHeads = valueHeads;
    net.keySize = keySize;
    net.valueSize = valueSize;
    const std::uint32_t channels = 2 * keyHeads * keySize + valueHeads * valueSize;
    net.qkv = store.linear(channels, width);
    net.gate = store.linear(valueHeads * valueSize, width, gate);
    net.alpha = store.linear(valueHeads, width);
    net.beta = store.linear(valueHeads, width);
    net.kernel = store.floats({4, channels});
    net.dtBias = store.floats({valueHeads});
    net.a = store.floats({valueHeads}, -1.0f, -0.05f);
    net.norm.weight = store.floats({valueSize});
    net.out = store.linear(width, valueHeads * valueSize);
    return net;
}

Mamba2 makeMamba(std::uint32_t width, std::uint32_t heads, std::uint32_t headSize,
                 std::uint32_t stateSize, std::uint32_t groups, test::TensorStore &store)
{
    Mamba2 mamba;
    mamba.heads = heads;
    mamba.headSize = headSize;
    mamba.stateSize = stateSize;
    mamba.groups = groups;
    const std::uint32_t channels = mamba.inner() + 2 * groups * stateSize;
    mamba.in = store.linear(mamba.inner() + channels + heads, width);
    mamba.kernel = store.floats({4, channels});
    mamba.kernelBias = store.floats({channels});
    mamba.dtBias = store.floats({heads});
    mamba.a = store.floats({1, heads}, -1.0f, -0.05f);
    mamba.d = store.floats({1, heads});
    mamba.norm.weight = store.floats({mamba.inner() / groups, groups});
    mamba.out = store.linear(width, mamba.inner());
    return mamba;
}

std::vector<MixerCase> mixerCases(test::TensorStore &store)
{
    return {
        {"short convolution", makeConvolution(37, 3, store), 37},
        {"delta net", makeDeltaNet(32, 2, 6, 16, 24, TensorType::F32, store), 32},
        {"delta net, ragged, gate apart", makeDeltaNet(19, 1, 3, 13, 7, TensorType::BF16, store),
         19},
        {"mamba, one group", makeMamba(32, 4, 8, 16, 1, store), 32},
        {"mamba, groups", makeMamba(21, 6, 7, 11, 2, store), 21},
    };
}

} // namespace

class TestVulkanBlocks : public QObject
{
    Q_OBJECT
private:
    void compareExperts(const FeedForward &part, std::size_t width, std::uint32_t stages,
                        gpu::EndForm end, test::TensorStore &store)
    {
        constexpr std::uint32_t kTokens = 19;
        const std::vector<float> x = store.numbers(width * kTokens);
        const std::vector<float> before = store.numbers(width * kTokens);
        std::vector<float> expected;
        for (std::uint32_t t = 0; t < kTokens; ++t) {
            const std::vector<float> row = reference::feedForward(std::get<ExpertFeedForward>(part),
                                                                  rowOf(x, t, width), m_compute);
            expected.insert(expected.end(), row.begin(), row.end());
        }
        const bool residual = end == gpu::EndForm::Residual;
        const float scale = residual ? 0.6f : 1.0f;
        if (residual) {
            for (std::size_t i = 0; i < expected.size(); ++i)
                expected[i] = before[i] + scale * expected[i];
        }
        gpu::BlockPlace place;
        place.end = end;
        test::BlockBench bench(m_device, std::uint32_t(width));
        const auto opened = bench.open(part, place);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        for (const std::uint32_t tokens : {kTokens, 2u}) {
            std::vector<float> y(before.begin(), before.begin() + std::ptrdiff_t(width * tokens));
            QVERIFY(bench.batch(0, tokens, x, y, scale));
            const double error =
                test::nmse(y, std::span<const float>(expected).first(width * tokens));
            QVERIFY2(error <= kMost, qPrintable(QStringLiteral("batch: %1").arg(error)));
        }
        std::vector<float> y;
        for (std::uint32_t t = 0; t < 4; ++t) {
            const auto was = rowOf(before, t, width);
            std::vector<float> row(was.begin(), was.end());
            QVERIFY(bench.step(t, rowOf(x, t, width), row, scale));
            QCOMPARE(bench.stages(), stages);
            y.insert(y.end(), row.begin(), row.end());
        }
        const double error = test::nmse(y, std::span<const float>(expected).first(y.size()));
        QVERIFY2(error <= kMost, qPrintable(QStringLiteral("steps: %1").arg(error)));
    }

private Q_SLOTS:
    void initTestCase()
    {
        test::enableValidation();
        const auto info = test::usableDevice();
        if (!info)
            QSKIP("There is no Vulkan device on this machine.");
        auto device = gpu::Device::open(*info);
        QVERIFY2(device, device ? "" : device.error().message.c_str());
        m_device = std::move(*device);
    }

    void cleanup() { QCOMPARE(gpu::validationMessages(), std::uint64_t(0)); }
    void cleanupTestCase() { m_device.reset(); }

    void mixesExperts_data()
    {
        QTest::addColumn<int>("index");
        for (std::size_t i = 0; i < std::size(kExpertCases); ++i)
            QTest::newRow(kExpertCases[i].name) << int(i);
    }

    // As batches of several sizes and as steps; added to what was there, or stored.
    void mixesExperts()
    {
        QFETCH(int, index);
        const ExpertCase &one = kExpertCases[index];
        test::TensorStore store(std::uint32_t(index) + 1);
        compareExperts(makeExperts(one, store), one.width, one.stages,
                       index % 2 == 0 ? gpu::EndForm::Residual : gpu::EndForm::Update, store);
    }

    void mixesExpertsOfAFormat_data()
    {
        QTest::addColumn<int>("type");
        for (const TensorType type : gpu::weightFormats())
            QTest::newRow(gpu::formatName(type)) << int(type);
    }

    // Each format in every place of an expert, beside sizes that fit no tile: as what a row of
    // weights is read in, blocks are whole, so only the other side can be ragged.
    void mixesExpertsOfAFormat()
    {
        QFETCH(int, type);
        const auto format = TensorType(type);
        const std::uint32_t block = tensorTypeInfo(format)->blockElements;
        const std::uint32_t whole = block == 1 ? 45 : block == 32 ? 96 : block;
        for (const bool reads : {true, false}) {
            test::TensorStore store(std::uint32_t(type) + 1);
            ExpertCase one;
            one.width = reads ? whole : 37;
            one.hidden = reads ? 21 : whole;
            ExpertFeedForward experts = makeExperts(one, store);
            if (reads) {
                experts.gate.weight = store.blocks(format, {one.width, one.hidden, one.experts});
                experts.up.weight = store.blocks(format, {one.width, one.hidden, one.experts});
            } else {
                experts.down.weight = store.blocks(format, {one.hidden, one.width, one.experts});
            }
            compareExperts(experts, one.width, one.stages, gpu::EndForm::Update, store);
            if (QTest::currentTestFailed())
                return;
        }
    }

    void mixesTokens_data()
    {
        QTest::addColumn<int>("index");
        test::TensorStore store(7);
        int index = 0;
        for (const MixerCase &one : mixerCases(store))
            QTest::newRow(one.name) << index++;
    }

    // Steps and batches in turns, each going on from what the one before has left.
    void mixesTokens()
    {
        QFETCH(int, index);
        test::TensorStore store(7);
        const MixerCase one = mixerCases(store)[std::size_t(index)];
        const std::size_t width = one.width;
        constexpr std::uint32_t kTokens = 23;
        const std::vector<float> x = store.numbers(width * kTokens);
        Layer layer;
        layer.mixer = one.mixer;
        reference::LayerState state = reference::emptyState(layer, kTokens);
        const reference::LayerSlice slice{
            .first = 0, .count = kTokens, .contextLength = kTokens, .compute = m_compute};
        const std::vector<float> expected = std::visit(
            [&](const auto &mixer) { return reference::mix(mixer, state, slice, x); }, one.mixer);

        gpu::BlockPlace place;
        place.end = gpu::EndForm::Update;
        test::BlockBench bench(m_device, one.width);
        const auto opened = bench.open(one.mixer, place);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        std::vector<float> y(expected.size(), 0.0f);
        std::uint32_t position = 0;
        for (const std::uint32_t tokens : {1u, 1u, 2u, 1u, 13u, 1u, 1u, 1u, 1u, 1u}) {
            const auto in = std::span<const float>(x).subspan(position * width, tokens * width);
            const auto out = std::span<float>(y).subspan(position * width, tokens * width);
            QVERIFY(tokens == 1 ? bench.step(position, in, out, 1)
                                : bench.batch(position, tokens, in, out, 1));
            position += tokens;
        }
        QCOMPARE(position, kTokens);
        QCOMPARE(bench.stages(), 3u);
        const double error = test::nmse(y, expected);
        QVERIFY2(error <= kMost, qPrintable(QString::number(error)));
    }

private:
    const AdapterSet m_adapters;
    const CancelToken m_cancel;
    const reference::Compute m_compute{m_adapters, m_cancel};
    std::shared_ptr<gpu::Device> m_device;
};

QTEST_APPLESS_MAIN(TestVulkanBlocks)
#include "tst_vulkan_blocks.moc"
