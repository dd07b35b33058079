// Every set of vector kernels that this machine runs, against the plain ones.
#include "core/cpu/buffer.h"
#include "core/cpu/kernels.h"
#include "core/cpu/kv_layout.h"
#include "core/cpu/simd/kernel_sets.h"
#include "tests/support/fixtures.h"
#include "tests/support/random_blocks.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace alcove;
using cpu::KernelTable;

namespace {

std::vector<float> randomFloats(std::size_t count, std::mt19937 &random, float deviation = 1.0f)
{
    std::normal_distribution<float> normal(0.0f, deviation);
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(random);
    return values;
}

// A matrix of any bit patterns that the format allows, with scales that stay finite.
struct RandomMatrix {
    RandomMatrix(llm::TensorType type, std::size_t rows, std::size_t columns, std::mt19937 &random)
    {
        const llm::TensorTypeInfo &info = *llm::tensorTypeInfo(type);
        bytes.resize(rows * columns / info.blockElements * info.blockBytes);
        test::fillRandomBlocks(type, bytes, random);
        tensor.type = type;
        tensor.rank = 2;
        tensor.shape = {columns, rows, 1, 1};
        tensor.data = bytes;
    }

    std::vector<std::byte> bytes;
    llm::Tensor tensor;
};

struct Inputs {
    Inputs(std::size_t tokens, std::size_t columns, std::mt19937 &random)
        : values(randomFloats(tokens * columns, random)), quants(values.size()),
          scales(values.size() / 32), sums16(values.size() / 16), sums32(values.size() / 32)
    {
        if (columns % 32 == 0)
            cpu::scalarKernels().quantise(values.data(), values.size(), quants.data(),
                                          scales.data(), sums16.data(), sums32.data());
        view = {tokens,        columns,       values.data(), quants.data(),
                scales.data(), sums16.data(), sums32.data()};
    }

    std::vector<float> values;
    std::vector<std::int8_t> quants;
    std::vector<float> scales;
    std::vector<float> sums16;
    std::vector<float> sums32;
    cpu::Activations view;
};

void addKernelRows()
{
    QTest::addColumn<int>("table");
    const auto tables = cpu::runnableKernels();
    for (std::size_t i = 1; i < tables.size(); ++i)
        QTest::newRow(tables[i]->name) << int(i);
    if (tables.size() == 1)
        QTest::newRow("none") << 0;
}

const KernelTable *fetchTable()
{
    QFETCH(int, table);
    return table > 0 ? cpu::runnableKernels()[std::size_t(table)] : nullptr;
}

#define ALCOVE_FETCH_KERNELS(kernels)                                                              \
    const KernelTable *const kernels = fetchTable();                                               \
    if (!kernels)                                                                                  \
    QSKIP("this processor has no vector instructions that we know")

constexpr llm::Activation kActivations[] = {llm::Activation::Silu, llm::Activation::Gelu,
                                            llm::Activation::GeluTanh,
                                            llm::Activation::ClampedSwiglu};

// One head's cache; ring: positions, or 0.
struct HeadMemory {
    HeadMemory(llm::KvFormat keys, llm::KvFormat values, std::size_t headSize,
               std::size_t positions, std::size_t ring)
    {
        head.keyFormat = keys;
        head.valueFormat = values;
        head.headSize = headSize;
        head.valueStride = cpu::valueStrideOf(values, headSize);
        head.ring = ring;
        keyMemory =
            cpu::Buffer<std::byte>(positions / cpu::kKeyTile * cpu::keyTileBytes(keys, headSize));
        valueMemory =
            cpu::Buffer<std::byte>(positions * cpu::valueRowBytes(values, head.valueStride));
        head.keys = keyMemory.data();
        head.values = valueMemory.data();
    }

    cpu::KvHead head;
    cpu::Buffer<std::byte> keyMemory;
    cpu::Buffer<std::byte> valueMemory;
};

// The plain kernel and another on the same cache, without a ring and in one that wraps around.
void compareAttention(const KernelTable &kernels, llm::KvFormat keys, llm::KvFormat values,
                      std::size_t headSize, std::mt19937 &random)
{
    cpu::Buffer<cpu::KernelScratch> scratch(1);
    HeadMemory plain(keys, values, headSize, 304, 0);
    HeadMemory other(keys, values, headSize, 304, 0);
    HeadMemory ring(keys, values, headSize, 192, 192);
    for (std::size_t p = 0; p < 301; ++p) {
        const auto key = randomFloats(headSize, random);
        const auto value = randomFloats(headSize, random);
        cpu::scalarKernels().storeKv(plain.head, p, key.data(), value.data());
        kernels.storeKv(other.head, p, key.data(), value.data());
        kernels.storeKv(ring.head, p, key.data(), value.data());
    }
    QVERIFY(std::memcmp(plain.keyMemory.data(), other.keyMemory.data(), plain.keyMemory.bytes())
            == 0);
    QVERIFY(
        std::memcmp(plain.valueMemory.data(), other.valueMemory.data(), plain.valueMemory.bytes())
        == 0);
    const float sinks[cpu::kAttentionQueries] = {0.5f, 3.0f, -1.0f, 8.0f, 0, 1, 2, 3};
    enum class Kind { Plain, Windows, All };
    for (const Kind kind : {Kind::Plain, Kind::Windows, Kind::All}) {
        for (const std::size_t count : {1u, 2u, 3u, 5u, 8u}) {
            const auto query = randomFloats(count * headSize, random);
            std::vector<float> expected(count * headSize);
            std::vector<float> actual(count * headSize);
            cpu::Buffer<float> sums((cpu::kAttentionQueries + 1) * plain.head.valueStride);
            cpu::AttentionQueries queries;
            queries.count = count;
            queries.scale = 0.7f;
            queries.sums = sums.data();
            for (std::size_t q = 0; q < count; ++q) {
                queries.query[q] = query.data() + q * headSize;
                if (kind == Kind::Plain) {
                    queries.end[q] = std::uint32_t(q % 3 == 0 ? 301 - q : 1 + q * 40);
                } else {
                    queries.end[q] = std::uint32_t(301 - q);
                    queries.begin[q] = std::uint32_t(301 - q - (q % 2 ? 1 : 150 + q));
                }
                queries.position[q] = queries.end[q] - 1;
                if (kind == Kind::All) {
                    queries.softCap = 5.0f;
                    queries.sinks[q] = &sinks[q];
                    queries.slope[q] = 0.03f * float(q);
                }
            }
            const auto compare = [&](const cpu::KvHead &head) {
                for (std::size_t q = 0; q < count; ++q)
                    queries.output[q] = actual.data() + q * headSize;
                kernels.attend(head, queries, *scratch.data());
                const double error = test::nmse(actual, expected);
                QVERIFY2(error < 1e-9,
                         qPrintable(QStringLiteral("formats %1 and %2, head size %3, %4 queries, "
                                                   "kind %5, ring %6: NMSE %7")
                                        .arg(int(keys))
                                        .arg(int(values))
                                        .arg(headSize)
                                        .arg(count)
                                        .arg(int(kind))
                                        .arg(head.ring)
                                        .arg(error)));
            };
            for (std::size_t q = 0; q < count; ++q)
                queries.output[q] = expected.data() + q * headSize;
            cpu::scalarKernels().attend(plain.head, queries, *scratch.data());
            compare(other.head);
            if (kind != Kind::Plain)
                compare(ring.head);
        }
    }
}

} // namespace

class TestKernels : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
#if defined(__x86_64__) || defined(__aarch64__)
        // Tables exist for this architecture; whether they run is up to the processor.
        const auto set = cpu::matMulKernels();
        QVERIFY(set.avx2 || set.neon);
#endif
        QCOMPARE(cpu::runnableKernels().front(), &cpu::scalarKernels());
        QCOMPARE(cpu::runnableKernels().back(), &cpu::bestKernels());
    }

    void matMul_data()
    {
        addKernelRows();
    }
    void matMul()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        using llm::TensorType;
        std::mt19937 random(1);
        cpu::Buffer<cpu::KernelScratch> scratch(1);
        for (std::uint32_t number = 0; number < 64; ++number) {
            const TensorType type{number};
            if (!llm::tensorTypeInfo(type) || !llm::tensorTypeInfo(type)->runnable)
                continue;
            const std::size_t block = llm::tensorTypeInfo(type)->blockElements;
            const std::vector<std::size_t> widths = block == 1
                ? std::vector<std::size_t>{1, 7, 33, 519, 600}
                : block == 32 ? std::vector<std::size_t>{32, 96, 544, 1056}
                              : std::vector<std::size_t>{256, 768, 1280};
            for (const std::size_t columns : widths) {
                for (const std::size_t tokens : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 11u, 64u}) {
                    const std::size_t rows = 37;
                    const RandomMatrix matrix(type, rows, columns, random);
                    const Inputs inputs(tokens, columns, random);
                    std::vector<float> expected(tokens * rows, -1.0f);
                    std::vector<float> actual(tokens * rows, -1.0f);
                    // All rows but the first panel, so that writing outside shows.
                    cpu::scalarKernels().matMul(matrix.tensor, 16, rows - 1, inputs.view,
                                                expected.data(), rows, *scratch.data());
                    kernels->matMul(matrix.tensor, 16, rows - 1, inputs.view, actual.data(), rows,
                                    *scratch.data());
                    for (std::size_t t = 0; t < tokens; ++t) {
                        for (std::size_t r = 0; r < 16; ++r)
                            QCOMPARE(actual[t * rows + r], -1.0f);
                        QCOMPARE(actual[t * rows + rows - 1], -1.0f);
                    }
                    const double error = test::nmse(actual, expected);
                    QVERIFY2(error < 1e-9,
                             qPrintable(QStringLiteral("type %1, %2 columns, %3 tokens: NMSE %4")
                                            .arg(int(type))
                                            .arg(columns)
                                            .arg(tokens)
                                            .arg(error)));
                }
            }
        }
    }

    // The largest bytes there are: sums of two products just fit in 16 bits, or not at all.
    void extremeBytes_data()
    {
        addKernelRows();
    }
    void extremeBytes()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        cpu::Buffer<cpu::KernelScratch> scratch(1);
        std::mt19937 random(2);
        for (const int quant : {-128, 127}) {
            RandomMatrix matrix(llm::TensorType::Q8_0, 16, 64, random);
            for (std::size_t at = 0; at < matrix.bytes.size(); ++at) {
                if (at % 34 >= 2)
                    matrix.bytes[at] = std::byte(quant);
            }
            for (const std::size_t tokens : {1u, 8u}) {
                Inputs inputs(tokens, 64, random);
                for (const float sign : {1.0f, -1.0f}) {
                    std::fill(inputs.values.begin(), inputs.values.end(), sign);
                    cpu::scalarKernels().quantise(inputs.values.data(), inputs.values.size(),
                                                  inputs.quants.data(), inputs.scales.data(),
                                                  inputs.sums16.data(), inputs.sums32.data());
                    std::vector<float> expected(tokens * 16);
                    std::vector<float> actual(tokens * 16);
                    cpu::scalarKernels().matMul(matrix.tensor, 0, 16, inputs.view, expected.data(),
                                                16, *scratch.data());
                    kernels->matMul(matrix.tensor, 0, 16, inputs.view, actual.data(), 16,
                                    *scratch.data());
                    QVERIFY(test::nmse(actual, expected) < 1e-9);
                }
            }
        }
    }

    void quantise_data()
    {
        addKernelRows();
    }
    void quantise()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        std::mt19937 random(3);
        Inputs expected(3, 96, random);
        std::fill_n(expected.values.begin(), 32, 0.0f); // a group of zeros
        expected.values[40] = 1e30f;
        cpu::scalarKernels().quantise(expected.values.data(), 288, expected.quants.data(),
                                      expected.scales.data(), expected.sums16.data(),
                                      expected.sums32.data());
        Inputs actual(3, 96, random);
        kernels->quantise(expected.values.data(), 288, actual.quants.data(), actual.scales.data(),
                          actual.sums16.data(), actual.sums32.data());
        QVERIFY(actual.quants == expected.quants);
        QVERIFY(test::nmse(actual.scales, expected.scales) < 1e-12);
        QVERIFY(test::nmse(actual.sums16, expected.sums16) < 1e-12);
        QVERIFY(test::nmse(actual.sums32, expected.sums32) < 1e-12);
        for (std::size_t i = 64; i < 288; ++i) {
            const float back = float(actual.quants[i]) * actual.scales[i / 32];
            QVERIFY(std::fabs(back - expected.values[i]) <= actual.scales[i / 32] * 0.5001f);
        }
    }

    void elementwise_data()
    {
        addKernelRows();
    }
    void elementwise()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        std::mt19937 random(4);
        for (const std::size_t count : {1u, 15u, 16u, 100u, 1024u}) {
            const auto x = randomFloats(count, random, 3.0f);
            const auto y = randomFloats(count, random);
            std::vector<float> expected(count);
            std::vector<float> actual(count);
            cpu::scalarKernels().rmsNorm(x.data(), y.data(), 1e-5f, count, expected.data());
            kernels->rmsNorm(x.data(), y.data(), 1e-5f, count, actual.data());
            QVERIFY(test::nmse(actual, expected) < 1e-11);
            for (const llm::Activation activation : kActivations) {
                for (const float *up : {y.data(), static_cast<const float *>(nullptr)}) {
                    cpu::scalarKernels().activate(activation, x.data(), up, count, expected.data());
                    kernels->activate(activation, x.data(), up, count, actual.data());
                    for (std::size_t i = 0; i < count; ++i)
                        QVERIFY(std::fabs(actual[i] - expected[i])
                                <= 5e-6f * std::max(1.0f, std::fabs(expected[i])));
                }
            }
            actual = x;
            kernels->addScaled(actual.data(), y.data(), 0.5f, count);
            for (std::size_t i = 0; i < count; ++i)
                QVERIFY(std::fabs(actual[i] - (x[i] + 0.5f * y[i])) <= 1e-6f);
        }
        // Where exp overflows, the result is 0 or the product, never NaN.
        const std::vector<float> gate(16, -3000.0f);
        const std::vector<float> steep(16, 3000.0f);
        const std::vector<float> up(16, 2.0f);
        std::vector<float> out(16);
        for (const llm::Activation activation : kActivations) {
            const bool clamps = activation == llm::Activation::ClampedSwiglu;
            kernels->activate(activation, gate.data(), up.data(), 16, out.data());
            QVERIFY(std::fabs(out[3]) < 1e-30f);
            kernels->activate(activation, steep.data(), up.data(), 16, out.data());
            QVERIFY(std::fabs(out[3] - (clamps ? 21.0f : 6000.0f)) < 1e-3f);
        }
    }

    // What the formulas say, to a few digits.
    void activationsAreTheirFormulas()
    {
        const float x = 1.3f;
        const float up = 9.0f;
        const auto value = [&](llm::Activation activation, const float *u) {
            float out = 0;
            cpu::scalarKernels().activate(activation, &x, u, 1, &out);
            return out;
        };
        QVERIFY(std::fabs(value(llm::Activation::Silu, nullptr) - 1.0215f) < 1e-3f);
        QVERIFY(std::fabs(value(llm::Activation::Gelu, nullptr) - 1.17416f) < 1e-4f);
        QVERIFY(std::fabs(value(llm::Activation::GeluTanh, nullptr) - 1.17408f) < 2e-4f);
        // 1.3 * sigmoid(2.2126) * (7 + 1)
        QVERIFY(std::fabs(value(llm::Activation::ClampedSwiglu, &up) - 9.3742f) < 2e-3f);
    }

    void recurrences_data()
    {
        addKernelRows();
    }
    void recurrences()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        std::mt19937 random(6);
        for (const std::size_t size : {1u, 5u, 16u, 40u, 128u}) {
            const std::size_t rows = 3;
            const auto k = randomFloats(size, random);
            const auto q = randomFloats(size, random);
            const auto v = randomFloats(rows, random);
            auto expectedState = randomFloats(rows * size, random);
            auto actualState = expectedState;
            std::vector<float> expected(rows);
            std::vector<float> actual(rows);
            cpu::scalarKernels().deltaRows(expectedState.data(), rows, size, 0.9f, 0.4f, k.data(),
                                           q.data(), v.data(), expected.data());
            kernels->deltaRows(actualState.data(), rows, size, 0.9f, 0.4f, k.data(), q.data(),
                               v.data(), actual.data());
            QVERIFY(test::nmse(actual, expected) < 1e-10);
            QVERIFY(test::nmse(actualState, expectedState) < 1e-10);
            cpu::scalarKernels().ssmRows(expectedState.data(), rows, size, 0.8f, 0.3f, k.data(),
                                         q.data(), v.data(), expected.data());
            kernels->ssmRows(actualState.data(), rows, size, 0.8f, 0.3f, k.data(), q.data(),
                             v.data(), actual.data());
            QVERIFY(test::nmse(actual, expected) < 1e-10);
            QVERIFY(test::nmse(actualState, expectedState) < 1e-10);
        }
    }

    void attention_data()
    {
        addKernelRows();
    }
    void attention()
    {
        ALCOVE_FETCH_KERNELS(kernels);
        std::mt19937 random(5);
        for (const llm::KvFormat keys :
             {llm::KvFormat::F32, llm::KvFormat::F16, llm::KvFormat::Q8_0}) {
            for (const llm::KvFormat values : {llm::KvFormat::F32, llm::KvFormat::F16,
                                               llm::KvFormat::Q8_0, llm::KvFormat::Q4_0}) {
                for (const std::size_t headSize : {8u, 20u, 40u, 64u, 80u, 96u, 128u})
                    compareAttention(*kernels, keys, values, headSize, random);
                if (QTest::currentTestFailed())
                    return;
            }
        }
    }

    // What is stored comes back as closely as the format allows.
    void keysAndValuesComeBack()
    {
        std::mt19937 random(7);
        for (const std::size_t headSize : {8u, 33u, 64u, 80u}) {
            for (const auto &[format, most] :
                 std::vector<std::pair<llm::KvFormat, double>>{{llm::KvFormat::F32, 0},
                                                               {llm::KvFormat::F16, 1e-6},
                                                               {llm::KvFormat::Q8_0, 1e-4},
                                                               {llm::KvFormat::Q4_0, 2e-2}}) {
                const bool keysToo = format != llm::KvFormat::Q4_0;
                HeadMemory memory(keysToo ? format : llm::KvFormat::F32, format, headSize, 32, 32);
                const auto key = randomFloats(headSize, random);
                const auto value = randomFloats(headSize, random);
                cpu::storeKey(memory.head, 45, key.data()); // the ring's place 13
                cpu::storeValue(memory.head, 45, value.data());
                std::vector<float> back(headSize);
                cpu::loadKey(memory.head, 13, back.data());
                QVERIFY(test::nmse(back, key) <= most);
                cpu::loadValue(memory.head, 13, back.data());
                QVERIFY2(test::nmse(back, value) <= most,
                         qPrintable(QString::number(test::nmse(back, value))));
            }
        }
    }

    void halvesRoundToTheNearest()
    {
        for (std::uint32_t bits = 0; bits < 0x7c00u; ++bits) {
            const float value = cpu::halfToFloat(std::uint16_t(bits));
            QCOMPARE(std::uint32_t(cpu::floatToHalf(value)), bits);
            QCOMPARE(std::uint32_t(cpu::floatToHalf(-value)), bits | 0x8000u);
            // Halfway to the next one: to the even of the two.
            if (bits + 1 < 0x7c00u) {
                const float next = cpu::halfToFloat(std::uint16_t(bits + 1));
                const float middle = (value + next) / 2;
                QCOMPARE(std::uint32_t(cpu::floatToHalf(middle)), bits + (bits & 1u));
                QCOMPARE(std::uint32_t(cpu::floatToHalf(std::nextafter(middle, next))), bits + 1);
            }
        }
        QCOMPARE(std::uint32_t(cpu::floatToHalf(65519.0f)), 0x7bffu);
        QCOMPARE(std::uint32_t(cpu::floatToHalf(65520.0f)), 0x7c00u);
        QVERIFY(std::isnan(cpu::halfToFloat(cpu::floatToHalf(std::nanf("")))));
    }
};

QTEST_APPLESS_MAIN(TestKernels)
#include "tst_kernels.moc"
