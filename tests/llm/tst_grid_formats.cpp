// The grids of the IQ2 and IQ3 formats against what is published of them, and blocks written down
// byte by byte with the numbers that they stand for by the published tables.
#include "core/llm/formats/block_formats.h"
#include "core/llm/formats/grids.h"
#include "core/llm/tensor.h"

#include <QTest>

#include <bit>
#include <map>
#include <vector>

using namespace alcove::llm;

namespace {

// The tables' beginnings as they are published: magnitudes of a byte each, the first element
// lowest.
constexpr std::uint64_t kPublishedIQ2_XXS[] = {
    0x0808080808080808, 0x080808080808082b, 0x0808080808081919, 0x0808080808082b08,
    0x0808080808082b2b, 0x0808080808190819, 0x0808080808191908, 0x08080808082b0808,
    0x08080808082b082b, 0x08080808082b2b08, 0x08080808082b2b2b, 0x0808080819080819,
    0x0808080819081908, 0x0808080819190808};
// Of IQ2_XS and IQ2_S alike.
constexpr std::uint64_t kPublishedIQ2[] = {
    0x0808080808080808, 0x080808080808082b, 0x0808080808081919, 0x0808080808082b08,
    0x0808080808082b2b, 0x0808080808190819, 0x0808080808191908, 0x080808080819192b,
    0x0808080808192b19, 0x08080808082b0808, 0x08080808082b082b, 0x08080808082b1919,
    0x08080808082b2b08};
constexpr std::uint32_t kPublishedIQ3_XXS[] = {
    0x04040404, 0x04040414, 0x04040424, 0x04040c0c, 0x04040c1c, 0x04040c3e, 0x04041404, 0x04041414,
    0x04041c0c, 0x04042414, 0x04043e1c, 0x04043e2c, 0x040c040c, 0x040c041c, 0x040c0c04, 0x040c0c14,
    0x040c140c, 0x040c142c, 0x040c1c04, 0x040c1c14, 0x040c240c, 0x040c2c24, 0x040c3e04, 0x04140404};
constexpr std::uint32_t kPublishedIQ3_S[] = {
    0x01010101, 0x01010103, 0x01010105, 0x0101010b, 0x0101010f, 0x01010301, 0x01010303, 0x01010305,
    0x01010309, 0x0101030d, 0x01010501, 0x01010503, 0x0101050b, 0x01010707, 0x01010901, 0x01010905};

// A point of digits of `bits` as a word of its magnitudes.
std::uint64_t wide(std::uint16_t point, unsigned bits, const std::vector<unsigned> &magnitudes)
{
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 16 / bits; ++i)
        word |= std::uint64_t(magnitudes.at(point >> (bits * i) & ((1u << bits) - 1))) << (8 * i);
    return word;
}

const std::vector<unsigned> kMagnitudes2 = {8, 25, 43};
const std::vector<unsigned> kMagnitudes3_XXS = {4, 12, 20, 28, 36, 44, 52, 62};
const std::vector<unsigned> kMagnitudes3_S = {1, 3, 5, 7, 9, 11, 13, 15};

using Bytes = std::map<std::size_t, std::uint8_t>; // by place; the others are zero

// The first numbers of a block whose factor is 0.5; behind them every number is `rest`.
void check(TensorType type, void (*reader)(const std::byte *, float *), const Bytes &bytes,
           const std::vector<float> &first, float rest)
{
    std::vector<std::byte> block(tensorTypeInfo(type)->blockBytes);
    block[1] = std::byte(0x38);
    for (const auto &[place, value] : bytes)
        block.at(place) = std::byte(value);
    std::vector<float> expected = first;
    expected.resize(256, rest);
    std::vector<float> actual(256);
    reader(block.data(), actual.data());
    for (std::size_t i = 0; i < expected.size(); ++i)
        QVERIFY2(actual[i] == expected[i],
                 qPrintable(QStringLiteral("%1: %2, not %3")
                                .arg(i)
                                .arg(double(actual[i]))
                                .arg(double(expected[i]))));
}

std::vector<float> scaled(float scale, std::vector<float> values)
{
    for (float &value : values)
        value *= scale;
    return values;
}

} // namespace

class TestGridFormats : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void gridsBeginAsPublished()
    {
        const auto compare = [](const auto &grid, const auto &published, unsigned bits,
                                const std::vector<unsigned> &magnitudes) {
            for (std::size_t i = 0; i < std::size(published); ++i)
                QCOMPARE(wide(grid[i], bits, magnitudes), std::uint64_t(published[i]));
        };
        compare(kGridIQ2_XXS, kPublishedIQ2_XXS, 2, kMagnitudes2);
        compare(kGridIQ2_XS, kPublishedIQ2, 2, kMagnitudes2);
        compare(kGridIQ2_S, kPublishedIQ2, 2, kMagnitudes2);
        compare(kGridIQ3_XXS, kPublishedIQ3_XXS, 4, kMagnitudes3_XXS);
        compare(kGridIQ3_S, kPublishedIQ3_S, 4, kMagnitudes3_S);
        QCOMPARE(wide(kGridIQ2_XXS[255], 2, kMagnitudes2), 0x2b2b2b1908081908u);
        QCOMPARE(wide(kGridIQ2_XS[511], 2, kMagnitudes2), 0x2b2b2b2b2b2b2b2bu);
        QCOMPARE(wide(kGridIQ2_S[1023], 2, kMagnitudes2), 0x2b2b2b2b2b2b2b2bu);
    }

    // The tables are sorted, so no point is there twice; but for IQ3_S, whose points were chosen
    // otherwise, the digits of a point add up to an even number. A slip in one digit breaks one or
    // the other.
    void gridsAreSound()
    {
        const auto check = [](const auto &grid, std::size_t size, unsigned bits, unsigned most) {
            QCOMPARE(grid.size(), size);
            for (std::size_t i = 0; i < grid.size(); ++i) {
                if (i > 0)
                    QVERIFY(grid[i - 1] < grid[i]);
                unsigned sum = 0;
                for (unsigned bit = 0; bit < 16; bit += bits) {
                    const unsigned digit = grid[i] >> bit & ((1u << bits) - 1);
                    QVERIFY(digit <= most);
                    sum += digit;
                }
                if (grid.data() != kGridIQ3_S.data())
                    QVERIFY(sum % 2 == 0);
            }
        };
        check(kGridIQ2_XXS, 256, 2, 2);
        check(kGridIQ2_XS, 512, 2, 2);
        check(kGridIQ2_S, 1024, 2, 2);
        check(kGridIQ3_XXS, 256, 4, 7);
        check(kGridIQ3_S, 512, 4, 7);
    }

    void signsAreEven()
    {
        for (unsigned seven = 0; seven < 128; ++seven) {
            const unsigned signs = evenSigns(seven);
            QCOMPARE(signs & 127, seven);
            QVERIFY(std::popcount(signs) % 2 == 0);
        }
        QCOMPARE(unsigned(evenSigns(1)), 0x81u);
        QCOMPARE(unsigned(evenSigns(3)), 0x03u);
        QCOMPARE(unsigned(evenSigns(127)), 0xffu);
    }

    // Scale 5; the points 1, 2, 11 and 13 with the signs 1 (and so the eighth), 3, 0 and 127 (and
    // so the eighth).
    void iq2_XXS()
    {
        check(TensorType::IQ2_XXS, dequantiseIQ2_XXS,
              {{2, 1}, {3, 2}, {4, 11}, {5, 13}, {6, 0x81}, {7, 0x01}, {8, 0xe0}, {9, 0x5f}},
              scaled(0.5f * 5.5f / 4, {-43, 8,   8,   8,   8,  8,  8,  -8, //
                                       -25, -25, 8,   8,   8,  8,  8,  8, //
                                       25,  8,   8,   25,  8,  8,  8,  8, //
                                       -8,  -8,  -25, -25, -8, -8, -8, -8}),
              0.5f * 0.5f / 4 * 8);
    }

    // Point 7 with sign 2 (and so the eighth), point 511; scale 3 for both, 1 for the next two.
    void iq2_XS()
    {
        check(
            TensorType::IQ2_XS, dequantiseIQ2_XS,
            {{2, 0x07}, {3, 0x04}, {4, 0xff}, {5, 0x01}, {6, 3}, {66, 0x13}},
            [] {
                auto values = scaled(0.5f * 3.5f / 4,
                                     {43, -25, 25, 8, 8, 8, 8, -8, //
                                      43, 43, 43, 43, 43, 43, 43, 43});
                const auto next = scaled(0.5f * 1.5f / 4,
                                         {8, 43, 8, 8, 8, 8, 8, 8, //
                                          8, 8, 8, 8, 8, 8, 8, 8});
                values.insert(values.end(), next.begin(), next.end());
                return values;
            }(),
            0.5f * 0.5f / 4 * 8);
    }

    // Point 1023, whose highest two bits are apart, with two signs; point 12 with the last.
    void iq2_S()
    {
        check(TensorType::IQ2_S, dequantiseIQ2_S,
              {{2, 0xff}, {3, 12}, {34, 0x05}, {35, 0x80}, {66, 0x03}, {74, 0x0f}},
              scaled(0.5f * 15.5f / 4,
                     {-43, 43, -43, 43, 43, 43, 43, 43, //
                      8, 43, 43, 8, 8, 8, 8, -8}),
              0.5f * 0.5f / 4 * 8);
    }

    // Scale 2; the points 5 and 11 share the signs 0x12, 21 and 0 the sign 64 (and so the eighth).
    void iq3_XXS()
    {
        check(
            TensorType::IQ3_XXS, dequantiseIQ3_XXS,
            {{2, 5}, {3, 11}, {4, 21}, {66, 0x12}, {67, 0x20}, {69, 0x20}},
            [] {
                auto values = scaled(0.5f * 2.5f / 2,
                                     {62, -12, 4, 4, -44, 62, 4, 4, //
                                      36, 44, 12, 4, 4, 4, -4, -4});
                const auto next = scaled(0.5f * 2.5f / 2, std::vector<float>(16, 4));
                values.insert(values.end(), next.begin(), next.end());
                return values;
            }(),
            0.5f * 0.5f / 2 * 4);
    }
};

QTEST_APPLESS_MAIN(TestGridFormats)
#include "tst_grid_formats.moc"
