// Blocks of each format packed bit by bit from their contents, and what the readers make of them.
#include "core/llm/formats/block_formats.h"
#include "core/llm/formats/grids.h"
#include "core/llm/tensor.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

using namespace alcove::llm;

namespace {

// Half-precision numbers whose products with small integers are exact.
constexpr std::uint16_t kHalf = 0x3800; // 0.5
constexpr std::uint16_t kMinusQuarter = 0xb400; // -0.25

class Block
{
public:
    explicit Block(TensorType type)
        : m_bytes(tensorTypeInfo(type)->blockBytes), m_elements(tensorTypeInfo(type)->blockElements)
    { }

    // Sets `width` bits of a byte, which were not set before.
    void put(std::size_t byte, std::size_t shift, std::size_t width, unsigned value)
    {
        const auto mask = std::uint8_t(((1u << width) - 1) << shift);
        if (byte >= m_bytes.size() || shift + width > 8 || value >= (1u << width)
            || (m_used.size() > byte && (m_used[byte] & mask) != 0))
            qFatal("the test packs a block wrongly");
        m_used.resize(m_bytes.size());
        m_used[byte] |= mask;
        m_bytes[byte] |= std::uint8_t(value << shift);
    }
    void putHalf(std::size_t byte, std::uint16_t half)
    {
        put(byte, 0, 8, half & 0xffu);
        put(byte + 1, 0, 8, half >> 8);
    }
    // A number of any width that starts at a bit of the little-endian block.
    void putBits(std::size_t byte, std::size_t bit, std::size_t width, unsigned value)
    {
        for (std::size_t i = 0; i < width; ++i, ++bit)
            put(byte + bit / 8, bit % 8, 1, value >> i & 1);
    }
    // Two codes in each byte: the first half of the 32 are the low nibbles.
    void putNibbles(std::size_t byte, const unsigned *codes)
    {
        for (std::size_t i = 0; i < 32; ++i)
            put(byte + i % 16, i / 16 * 4, 4, codes[i] & 15);
    }

    bool allUsed() const
    {
        return std::all_of(m_used.begin(), m_used.end(), [](auto bits) { return bits == 0xff; });
    }
    std::vector<float> read(void (*reader)(const std::byte *, float *)) const
    {
        std::vector<float> out(m_elements + 1, -12345.0f);
        reader(reinterpret_cast<const std::byte *>(m_bytes.data()), out.data());
        if (out.back() != -12345.0f)
            qFatal("a reader writes beyond its block's elements");
        out.pop_back();
        return out;
    }

private:
    std::vector<std::uint8_t> m_bytes;
    std::vector<std::uint8_t> m_used; // bits that were put
    std::size_t m_elements;
};

class Random
{
public:
    explicit Random(unsigned seed) : m_random(seed) { }
    unsigned below(unsigned limit) { return unsigned(m_random() % limit); }
    std::vector<unsigned> below(unsigned limit, std::size_t count)
    {
        std::vector<unsigned> values(count);
        for (unsigned &value : values)
            value = below(limit);
        return values;
    }
    // Eight signs of which an even number is set.
    unsigned evenSigns()
    {
        unsigned signs = 0;
        do
            signs = below(256);
        while (std::popcount(signs) % 2 != 0);
        return signs;
    }

private:
    std::mt19937 m_random;
};

// Element i of 8 of an IQ2 point, and of 4 of an IQ3 point, with its sign.
float element2(std::uint16_t point, unsigned signs, std::size_t i)
{
    const int magnitudes[] = {8, 25, 43};
    const int magnitude = magnitudes[point / (1u << (2 * i)) % 4];
    return float((signs >> i & 1) != 0 ? -magnitude : magnitude);
}

float element3(std::uint16_t point, const int *magnitudes, unsigned signs, std::size_t i)
{
    const int magnitude = magnitudes[point / (1u << (4 * i)) % 16];
    return float((signs >> i & 1) != 0 ? -magnitude : magnitude);
}

constexpr int kRounds = 30;

} // namespace

#define ALCOVE_COMPARE_BLOCK(block, format, expected)                                              \
    QVERIFY(block.allUsed());                                                                      \
    QVERIFY(block.read(dequantise##format) == expected)

class TestFormats : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void q4_1()
    {
        Random random(1);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(16, 32);
            Block block(TensorType::Q4_1);
            block.putHalf(0, kMinusQuarter);
            block.putHalf(2, kHalf);
            block.putNibbles(4, q.data());
            std::vector<float> expected;
            for (unsigned value : q)
                expected.push_back(-0.25f * float(value) + 0.5f);
            ALCOVE_COMPARE_BLOCK(block, Q4_1, expected);
        }
    }

    void q5_0()
    {
        Random random(2);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(32, 32);
            Block block(TensorType::Q5_0);
            block.putHalf(0, kHalf);
            block.putNibbles(6, q.data());
            std::vector<float> expected;
            for (unsigned i = 0; i < 32; ++i) {
                block.putBits(2, i, 1, q[i] >> 4);
                expected.push_back(0.5f * float(int(q[i]) - 16));
            }
            ALCOVE_COMPARE_BLOCK(block, Q5_0, expected);
        }
    }

    void q5_1()
    {
        Random random(3);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(32, 32);
            Block block(TensorType::Q5_1);
            block.putHalf(0, kHalf);
            block.putHalf(2, kMinusQuarter);
            block.putNibbles(8, q.data());
            std::vector<float> expected;
            for (unsigned i = 0; i < 32; ++i) {
                block.putBits(4, i, 1, q[i] >> 4);
                expected.push_back(0.5f * float(q[i]) - 0.25f);
            }
            ALCOVE_COMPARE_BLOCK(block, Q5_1, expected);
        }
    }

    void q2_K()
    {
        Random random(4);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(4, 256);
            const auto scales = random.below(16, 16);
            const auto minima = random.below(16, 16);
            Block block(TensorType::Q2_K);
            for (std::size_t g = 0; g < 16; ++g) {
                block.put(g, 0, 4, scales[g]);
                block.put(g, 4, 4, minima[g]);
            }
            block.putHalf(80, kHalf);
            block.putHalf(82, kMinusQuarter);
            std::vector<float> expected;
            for (std::size_t e = 0; e < 256; ++e) {
                block.put(16 + e / 128 * 32 + e % 32, e % 128 / 32 * 2, 2, q[e]);
                expected.push_back(0.5f * float(scales[e / 16] * q[e])
                                   + 0.25f * float(minima[e / 16]));
            }
            ALCOVE_COMPARE_BLOCK(block, Q2_K, expected);
        }
    }

    void q3_K()
    {
        Random random(5);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(8, 256); // value + 4
            const auto scales = random.below(64, 16); // scale + 32
            Block block(TensorType::Q3_K);
            for (std::size_t g = 0; g < 16; ++g) {
                block.put(96 + g % 8, g / 8 * 4, 4, scales[g] & 15);
                block.put(104 + g % 4, g / 4 * 2, 2, scales[g] >> 4);
            }
            block.putHalf(108, kMinusQuarter);
            std::vector<float> expected;
            for (std::size_t e = 0; e < 256; ++e) {
                block.put(e % 32, e / 32, 1, q[e] >> 2);
                block.put(32 + e / 128 * 32 + e % 32, e % 128 / 32 * 2, 2, q[e] & 3);
                expected.push_back(-0.25f * float((int(scales[e / 16]) - 32) * (int(q[e]) - 4)));
            }
            ALCOVE_COMPARE_BLOCK(block, Q3_K, expected);
        }
    }

    void iq4_NL()
    {
        // Every code at its place once.
        const int values[] = {-127, -104, -83, -65, -49, -35, -22, -10,
                              1,    13,   25,  38,  53,  69,  89,  113};
        Random random(6);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(16, 32);
            Block block(TensorType::IQ4_NL);
            block.putHalf(0, kMinusQuarter);
            block.putNibbles(2, q.data());
            std::vector<float> expected;
            for (unsigned code : q)
                expected.push_back(-0.25f * float(values[code]));
            ALCOVE_COMPARE_BLOCK(block, IQ4_NL, expected);
        }
    }

    void iq4_XS()
    {
        const int values[] = {-127, -104, -83, -65, -49, -35, -22, -10,
                              1,    13,   25,  38,  53,  69,  89,  113};
        Random random(7);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(16, 256);
            const auto scales = random.below(64, 8); // scale + 32
            Block block(TensorType::IQ4_XS);
            block.putHalf(0, kHalf);
            for (std::size_t g = 0; g < 8; ++g) {
                block.putBits(2, 2 * g, 2, scales[g] >> 4);
                block.putBits(4, 4 * g, 4, scales[g] & 15);
                block.putNibbles(8 + 16 * g, q.data() + 32 * g);
            }
            std::vector<float> expected;
            for (std::size_t e = 0; e < 256; ++e)
                expected.push_back(0.5f * float((int(scales[e / 32]) - 32) * values[q[e]]));
            ALCOVE_COMPARE_BLOCK(block, IQ4_XS, expected);
        }
    }

    void mxfp4()
    {
        const float values[] = {0,    0.5f,  1,     1.5f,  2,     3,  4,  6,
                                0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3, -4, -6};
        Random random(8);
        for (unsigned exponent = 0; exponent < 256; ++exponent) {
            const auto q = random.below(16, 32);
            Block block(TensorType::MXFP4);
            block.put(0, 0, 8, exponent);
            block.putNibbles(1, q.data());
            std::vector<float> expected;
            for (unsigned code : q) {
                const double value = std::ldexp(double(values[code]), int(exponent) - 127);
                expected.push_back(float(value)); // infinity where float32 ends
            }
            ALCOVE_COMPARE_BLOCK(block, MXFP4, expected);
        }
    }

    void tq2_0()
    {
        Random random(9);
        for (int round = 0; round < kRounds; ++round) {
            const auto q = random.below(4, 256); // value + 1; the format's writers use 0 .. 2
            Block block(TensorType::TQ2_0);
            block.putHalf(64, kMinusQuarter);
            std::vector<float> expected;
            for (std::size_t e = 0; e < 256; ++e) {
                block.put(e / 128 * 32 + e % 32, e % 128 / 32 * 2, 2, q[e]);
                expected.push_back(-0.25f * float(int(q[e]) - 1));
            }
            ALCOVE_COMPARE_BLOCK(block, TQ2_0, expected);
        }
    }

    void iq2_XXS()
    {
        Random random(10);
        for (int round = 0; round < kRounds; ++round) {
            Block block(TensorType::IQ2_XXS);
            block.putHalf(0, kMinusQuarter);
            std::vector<float> expected;
            for (std::size_t g = 0; g < 8; ++g) {
                const unsigned scale = random.below(16);
                block.putBits(2 + 8 * g + 4, 28, 4, scale);
                for (std::size_t k = 0; k < 4; ++k) {
                    const unsigned index = random.below(256);
                    const unsigned signs = random.evenSigns();
                    block.put(2 + 8 * g + k, 0, 8, index);
                    block.putBits(2 + 8 * g + 4, 7 * k, 7, signs & 127);
                    for (std::size_t i = 0; i < 8; ++i)
                        expected.push_back(-0.25f * (float(scale) + 0.5f) / 4
                                           * element2(kGridIQ2_XXS[index], signs, i));
                }
            }
            ALCOVE_COMPARE_BLOCK(block, IQ2_XXS, expected);
        }
    }

    void iq2_XS()
    {
        Random random(11);
        for (int round = 0; round < kRounds; ++round) {
            Block block(TensorType::IQ2_XS);
            block.putHalf(0, kHalf);
            std::vector<float> expected;
            const auto scales = random.below(16, 16);
            for (std::size_t s = 0; s < 16; ++s)
                block.putBits(66, 4 * s, 4, scales[s]);
            for (std::size_t k = 0; k < 32; ++k) {
                const unsigned index = random.below(512);
                const unsigned signs = random.evenSigns();
                block.putBits(2 + 2 * k, 0, 9, index);
                block.putBits(2 + 2 * k, 9, 7, signs & 127);
                for (std::size_t i = 0; i < 8; ++i)
                    expected.push_back(0.5f * (float(scales[k / 2]) + 0.5f) / 4
                                       * element2(kGridIQ2_XS[index], signs, i));
            }
            ALCOVE_COMPARE_BLOCK(block, IQ2_XS, expected);
        }
    }

    void iq2_S()
    {
        Random random(12);
        for (int round = 0; round < kRounds; ++round) {
            Block block(TensorType::IQ2_S);
            block.putHalf(0, kMinusQuarter);
            std::vector<float> expected;
            const auto scales = random.below(16, 16);
            for (std::size_t s = 0; s < 16; ++s)
                block.putBits(74, 4 * s, 4, scales[s]);
            for (std::size_t k = 0; k < 32; ++k) {
                const unsigned index = random.below(1024);
                const unsigned signs = random.below(256);
                block.put(2 + k, 0, 8, index & 255);
                block.put(34 + k, 0, 8, signs);
                block.putBits(66, 2 * k, 2, index >> 8);
                for (std::size_t i = 0; i < 8; ++i)
                    expected.push_back(-0.25f * (float(scales[k / 2]) + 0.5f) / 4
                                       * element2(kGridIQ2_S[index], signs, i));
            }
            ALCOVE_COMPARE_BLOCK(block, IQ2_S, expected);
        }
    }

    void iq3_XXS()
    {
        const int magnitudes[] = {4, 12, 20, 28, 36, 44, 52, 62};
        Random random(13);
        for (int round = 0; round < kRounds; ++round) {
            Block block(TensorType::IQ3_XXS);
            block.putHalf(0, kHalf);
            std::vector<float> expected;
            for (std::size_t g = 0; g < 8; ++g) {
                const unsigned scale = random.below(16);
                block.putBits(66 + 4 * g, 28, 4, scale);
                for (std::size_t k = 0; k < 4; ++k) {
                    const unsigned signs = random.evenSigns();
                    block.putBits(66 + 4 * g, 7 * k, 7, signs & 127);
                    for (std::size_t half = 0; half < 2; ++half) {
                        const unsigned index = random.below(256);
                        block.put(2 + 8 * g + 2 * k + half, 0, 8, index);
                        for (std::size_t i = 0; i < 4; ++i)
                            expected.push_back(0.5f * (float(scale) + 0.5f) / 2
                                               * element3(kGridIQ3_XXS[index], magnitudes,
                                                          signs >> (4 * half), i));
                    }
                }
            }
            ALCOVE_COMPARE_BLOCK(block, IQ3_XXS, expected);
        }
    }

    void iq3_S()
    {
        const int magnitudes[] = {1, 3, 5, 7, 9, 11, 13, 15};
        Random random(14);
        for (int round = 0; round < kRounds; ++round) {
            Block block(TensorType::IQ3_S);
            block.putHalf(0, kMinusQuarter);
            std::vector<float> expected;
            const auto scales = random.below(16, 8);
            const auto signs = random.below(256, 32);
            for (std::size_t s = 0; s < 8; ++s)
                block.putBits(106, 4 * s, 4, scales[s]);
            for (std::size_t s = 0; s < 32; ++s)
                block.put(74 + s, 0, 8, signs[s]);
            for (std::size_t k = 0; k < 64; ++k) {
                const unsigned index = random.below(512);
                block.put(2 + k, 0, 8, index & 255);
                block.putBits(66, k, 1, index >> 8);
                for (std::size_t i = 0; i < 4; ++i)
                    expected.push_back(
                        -0.25f * float(2 * scales[k / 8] + 1)
                        * element3(kGridIQ3_S[index], magnitudes, signs[k / 2] >> (k % 2 * 4), i));
            }
            ALCOVE_COMPARE_BLOCK(block, IQ3_S, expected);
        }
    }
};

QTEST_APPLESS_MAIN(TestFormats)
#include "tst_formats.moc"
