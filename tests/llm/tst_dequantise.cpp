#include "core/llm/formats/block_formats.h"
#include "core/llm/gguf.h"
#include "tests/support/fixtures.h"

#include <QTest>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

// Some half-precision numbers and their values.
constexpr std::uint16_t kHalf = 0x3800; // 0.5
constexpr std::uint16_t kMinusQuarter = 0xb400; // -0.25

void putHalf(std::vector<std::uint8_t> &out, std::uint16_t half)
{
    out.push_back(std::uint8_t(half & 0xff));
    out.push_back(std::uint8_t(half >> 8));
}

const std::byte *bytesOf(const std::vector<std::uint8_t> &block)
{
    return reinterpret_cast<const std::byte *>(block.data());
}

Tensor viewOf(TensorType type, std::uint64_t elements, const std::vector<std::uint8_t> &bytes)
{
    Tensor tensor;
    tensor.name = "t";
    tensor.type = type;
    tensor.rank = 1;
    tensor.shape[0] = elements;
    tensor.data = std::as_bytes(std::span(bytes.data(), bytes.size()));
    return tensor;
}

// Eight scales and eight minima of six bits, as the K formats pack them: written down bit by bit.
std::array<std::uint8_t, 12> packScales(const std::array<int, 8> &scales,
                                        const std::array<int, 8> &minima)
{
    std::array<std::uint8_t, 12> packed{};
    for (std::size_t i = 0; i < 4; ++i) {
        packed[i] = std::uint8_t(scales[i] | ((scales[i + 4] >> 4) << 6));
        packed[i + 4] = std::uint8_t(minima[i] | ((minima[i + 4] >> 4) << 6));
        packed[i + 8] = std::uint8_t((scales[i + 4] & 15) | ((minima[i + 4] & 15) << 4));
    }
    return packed;
}

struct KBlock {
    std::array<int, 8> scales;
    std::array<int, 8> minima;
    std::array<int, 256> quants;
};

KBlock randomKBlock(std::mt19937 &random, int levels)
{
    KBlock block;
    for (std::size_t i = 0; i < 8; ++i) {
        block.scales[i] = int(random() % 64);
        block.minima[i] = int(random() % 64);
    }
    for (int &q : block.quants)
        q = int(random() % unsigned(levels));
    return block;
}

// Low four bits of the elements: 32 bytes hold elements 64k..64k+31 (low) and 64k+32..64k+63
// (high).
void putNibbles(std::vector<std::uint8_t> &out, const std::array<int, 256> &quants)
{
    for (std::size_t chunk = 0; chunk < 4; ++chunk) {
        for (std::size_t i = 0; i < 32; ++i)
            out.push_back(std::uint8_t((quants[64 * chunk + i] & 15)
                                       | ((quants[64 * chunk + 32 + i] & 15) << 4)));
    }
}

struct Distance {
    double relative = 0; // root of the mean squared difference, over that of the reference
    double worst = 0; // largest difference over the reference's root mean square
};

Distance distance(const Tensor &actual, const Tensor &reference)
{
    std::vector<float> a(actual.elements());
    std::vector<float> b(reference.elements());
    dequantise(actual, 0, a.size(), a.data());
    dequantise(reference, 0, b.size(), b.data());
    double difference = 0;
    double power = 0;
    double worst = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        const double d = double(a[i]) - double(b[i]);
        difference += d * d;
        power += double(b[i]) * double(b[i]);
        worst = std::max(worst, std::abs(d));
    }
    return {std::sqrt(difference / power), worst / std::sqrt(power / double(b.size()))};
}

} // namespace

class TestDequantise : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void everyHalf()
    {
        for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
            const float value = halfToFloat(std::uint16_t(bits));
            const int exponent = int(bits >> 10 & 31);
            const int fraction = int(bits & 1023);
            QCOMPARE(std::signbit(value), bool(bits & 0x8000));
            if (exponent == 31 && fraction != 0) {
                QVERIFY(std::isnan(value));
            } else if (exponent == 31) {
                QVERIFY(std::isinf(value));
            } else {
                const double magnitude = exponent == 0
                    ? std::ldexp(double(fraction), -24)
                    : std::ldexp(1024.0 + fraction, exponent - 25);
                QVERIFY(double(std::abs(value)) == magnitude);
            }
        }
    }

    void someBfloat16s()
    {
        QCOMPARE(bfloat16ToFloat(0x3f80), 1.0f);
        QCOMPARE(bfloat16ToFloat(0xc049), -3.140625f);
        QCOMPARE(bfloat16ToFloat(0x0000), 0.0f);
        QVERIFY(std::isinf(bfloat16ToFloat(0x7f80)));
        QVERIFY(std::isnan(bfloat16ToFloat(0x7fc0)));
    }

    void blocksOfQ8_0()
    {
        std::vector<std::uint8_t> block;
        putHalf(block, kMinusQuarter);
        for (int i = 0; i < 32; ++i)
            block.push_back(std::uint8_t(i * 8 - 128));
        std::array<float, 32> out;
        dequantiseQ8_0(bytesOf(block), out.data());
        for (int i = 0; i < 32; ++i)
            QCOMPARE(out[std::size_t(i)], -0.25f * float(i * 8 - 128));
    }

    void blocksOfQ4_0()
    {
        std::vector<std::uint8_t> block;
        putHalf(block, kHalf);
        for (int i = 0; i < 16; ++i)
            block.push_back(std::uint8_t(i | ((15 - i) << 4)));
        std::array<float, 32> out;
        dequantiseQ4_0(bytesOf(block), out.data());
        for (int i = 0; i < 16; ++i) {
            QCOMPARE(out[std::size_t(i)], 0.5f * float(i - 8));
            QCOMPARE(out[std::size_t(i) + 16], 0.5f * float(7 - i));
        }
    }

    void blocksOfQ4_K()
    {
        std::mt19937 random(4);
        for (int round = 0; round < 50; ++round) {
            const KBlock given = randomKBlock(random, 16);
            std::vector<std::uint8_t> block;
            putHalf(block, kHalf);
            putHalf(block, kMinusQuarter);
            for (std::uint8_t byte : packScales(given.scales, given.minima))
                block.push_back(byte);
            putNibbles(block, given.quants);
            QCOMPARE(block.size(), 144u);
            std::array<float, 256> out;
            dequantiseQ4_K(bytesOf(block), out.data());
            for (std::size_t i = 0; i < 256; ++i)
                QCOMPARE(out[i],
                         0.5f * float(given.scales[i / 32] * given.quants[i])
                             + 0.25f * float(given.minima[i / 32]));
        }
    }

    void blocksOfQ5_K()
    {
        std::mt19937 random(5);
        for (int round = 0; round < 50; ++round) {
            const KBlock given = randomKBlock(random, 32);
            std::vector<std::uint8_t> block;
            putHalf(block, kMinusQuarter);
            putHalf(block, kHalf);
            for (std::uint8_t byte : packScales(given.scales, given.minima))
                block.push_back(byte);
            for (std::size_t i = 0; i < 32; ++i) {
                std::uint8_t fifth = 0;
                for (std::size_t sub = 0; sub < 8; ++sub)
                    fifth |= std::uint8_t((given.quants[32 * sub + i] >> 4) << sub);
                block.push_back(fifth);
            }
            putNibbles(block, given.quants);
            QCOMPARE(block.size(), 176u);
            std::array<float, 256> out;
            dequantiseQ5_K(bytesOf(block), out.data());
            for (std::size_t i = 0; i < 256; ++i)
                QCOMPARE(out[i],
                         -0.25f * float(given.scales[i / 32] * given.quants[i])
                             - 0.5f * float(given.minima[i / 32]));
        }
    }

    void blocksOfQ6_K()
    {
        std::mt19937 random(6);
        for (int round = 0; round < 50; ++round) {
            std::array<int, 256> quants;
            std::array<int, 16> scales;
            for (int &q : quants)
                q = int(random() % 64);
            for (int &s : scales)
                s = int(random() % 256) - 128;
            std::vector<std::uint8_t> block(210);
            for (std::size_t e = 0; e < 256; ++e) {
                // Element e of a half: run = e / 32 of the four; its nibble and its two high bits.
                const std::size_t half = e / 128;
                const std::size_t run = e % 128 / 32;
                const std::size_t i = e % 32;
                block[64 * half + 32 * (run % 2) + i] |=
                    std::uint8_t((quants[e] & 15) << (run / 2 * 4));
                block[128 + 32 * half + i] |= std::uint8_t((quants[e] >> 4) << (2 * run));
            }
            for (std::size_t s = 0; s < 16; ++s)
                block[192 + s] = std::uint8_t(scales[s]);
            block[208] = kHalf & 0xff;
            block[209] = kHalf >> 8;
            std::array<float, 256> out;
            dequantiseQ6_K(bytesOf(block), out.data());
            for (std::size_t e = 0; e < 256; ++e)
                QCOMPARE(out[e], 0.5f * float(scales[e / 16] * (quants[e] - 32)));
        }
    }

    void partsEqualTheWhole()
    {
        std::mt19937 random(7);
        for (std::uint32_t number = 0; number < 64; ++number) {
            const TensorType type{number};
            const TensorTypeInfo *info = tensorTypeInfo(type);
            if (!info || !info->runnable)
                continue;
            constexpr std::uint64_t kElements = 1024;
            std::vector<std::uint8_t> bytes(kElements / info->blockElements * info->blockBytes);
            for (std::uint8_t &byte : bytes)
                byte = std::uint8_t(random()); // hostile files hold anything
            const Tensor tensor = viewOf(type, kElements, bytes);
            std::vector<float> whole(kElements);
            dequantise(tensor, 0, kElements, whole.data());
            for (std::uint64_t first = 0; first < kElements; first += info->blockElements) {
                std::vector<float> part(info->blockElements);
                dequantise(tensor, first, part.size(), part.data());
                // Bit by bit, for NaN is among them.
                QVERIFY(std::memcmp(part.data(), whole.data() + first, part.size() * sizeof(float))
                        == 0);
            }
        }
    }

    void mistakesShow()
    {
        const std::vector<std::uint8_t> bytes(34 * 2);
        std::vector<float> out(64, 1.0f);
        dequantise(viewOf(TensorType::Q8_0, 64, bytes), 32, 64, out.data()); // beyond the end
        QVERIFY(std::isnan(out[0]) && std::isnan(out[63]));
        out.assign(64, 1.0f);
        dequantise(viewOf(TensorType::Q8_0, 64, bytes), 16, 32, out.data()); // inside a block
        QVERIFY(std::isnan(out[0]) && out[32] == 1.0f);
        out.assign(64, 1.0f);
        dequantise(viewOf(TensorType::Q8_1, 64, bytes), 0, 32, out.data()); // no reader
        QVERIFY(std::isnan(out[0]));
    }

    void theTableOfTypesIsSound()
    {
        int runnable = 0;
        for (std::uint32_t number = 0; number < 64; ++number) {
            const TensorTypeInfo *info = tensorTypeInfo(TensorType(number));
            if (!info)
                continue;
            QCOMPARE(std::uint32_t(info->type), number);
            QVERIFY(!info->name.empty() && info->blockElements > 0 && info->blockBytes > 0);
            QVERIFY(info->blockBytes <= 8 * info->blockElements);
            runnable += info->runnable ? 1 : 0;
        }
        QCOMPARE(runnable, 22);
        QVERIFY(!tensorTypeInfo(TensorType(4))); // Q4_2, long gone
        QVERIFY(!tensorTypeInfo(TensorType(1000)));
    }

    // The fixtures are one random llama stored in each format, so what comes out of a format must
    // lie as close to the float32 one as the format's levels allow.
    void formatsAgreeOnOneModel_data()
    {
        QTest::addColumn<QString>("format");
        QTest::addColumn<double>("relative"); // at most, over a whole tensor
        QTest::addColumn<double>("worst"); // at most, of one element
        QTest::newRow("F16") << "F16" << 0.0004 << 0.005;
        QTest::newRow("BF16") << "BF16" << 0.003 << 0.03;
        QTest::newRow("Q8_0") << "Q8_0" << 0.008 << 0.04;
        QTest::newRow("Q6_K") << "Q6_K" << 0.03 << 0.2;
        QTest::newRow("Q5_K_M") << "Q5_K_M" << 0.05 << 0.4;
        QTest::newRow("Q4_K_M") << "Q4_K_M" << 0.1 << 0.8;
        QTest::newRow("Q4_0") << "Q4_0" << 0.12 << 0.8;
        QTest::newRow("Q4_1") << "Q4_1" << 0.1 << 0.8;
        QTest::newRow("Q5_0") << "Q5_0" << 0.06 << 0.4;
        QTest::newRow("Q5_1") << "Q5_1" << 0.05 << 0.4;
        QTest::newRow("Q3_K_M") << "Q3_K_M" << 0.2 << 1.5;
        QTest::newRow("Q2_K") << "Q2_K" << 0.4 << 2.0;
        QTest::newRow("IQ4_NL") << "IQ4_NL" << 0.1 << 0.8;
        QTest::newRow("IQ4_XS") << "IQ4_XS" << 0.1 << 0.8;
        QTest::newRow("IQ3_S") << "IQ3_S" << 0.25 << 2.0;
        QTest::newRow("TQ2_0") << "TQ2_0" << 0.9 << 4.0;
    }

    void formatsAgreeOnOneModel()
    {
        QFETCH(QString, format);
        QFETCH(double, relative);
        QFETCH(double, worst);
        const std::string reference = fixture("quant/llama-F32.gguf");
        const std::string path = fixture("quant/llama-" + format.toStdString() + ".gguf");
        if (reference.empty() || path.empty())
            QSKIP("The fixtures of shared/fixtures are not beside this checkout.");
        const auto expected = GgufFile::open(reference);
        const auto actual = GgufFile::open(path);
        QVERIFY(expected && actual);
        QCOMPARE(actual->tensors().size(), expected->tensors().size());
        Distance most;
        int quantised = 0;
        for (const Tensor &tensor : actual->tensors()) {
            const Tensor *other = expected->findTensor(tensor.name);
            QVERIFY(other);
            QCOMPARE(tensor.shape, other->shape);
            const Distance found = distance(tensor, *other);
            most.relative = std::max(most.relative, found.relative);
            most.worst = std::max(most.worst, found.worst);
            quantised += tensor.type != TensorType::F32 ? 1 : 0;
        }
        qInfo("relative %.5f, worst %.4f", most.relative, most.worst);
        QVERIFY(quantised > 10);
        QVERIFY(most.relative < relative);
        QVERIFY(most.worst < worst);
        // Below this it would be another format than it says.
        QVERIFY(most.relative > relative / 10);
    }
};

QTEST_APPLESS_MAIN(TestDequantise)
#include "tst_dequantise.moc"
