// However a file is made, reading it allocates no more than 64 MiB beyond the file itself.
#include "core/llm/inspect.h"
#include "core/llm/model_spec.h"
#include "tests/support/gguf_writer.h"

#include <QTest>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> g_live{0};
std::atomic<std::size_t> g_peak{0};

// In front of each allocation stands its size; the room keeps the alignment of the rest.
constexpr std::size_t kFront = alignof(std::max_align_t);

void *counted(std::size_t size)
{
    void *memory = std::malloc(size + kFront);
    if (!memory)
        return nullptr;
    *static_cast<std::size_t *>(memory) = size;
    const std::size_t live = g_live += size;
    std::size_t peak = g_peak;
    while (live > peak && !g_peak.compare_exchange_weak(peak, live)) { }
    return static_cast<char *>(memory) + kFront;
}

void release(void *memory)
{
    if (!memory)
        return;
    void *front = static_cast<char *>(memory) - kFront;
    g_live -= *static_cast<std::size_t *>(front);
    std::free(front);
}

} // namespace

void *operator new(std::size_t size)
{
    if (void *memory = counted(size))
        return memory;
    throw std::bad_alloc();
}
void *operator new[](std::size_t size)
{
    return operator new(size);
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    return counted(size);
}
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept
{
    return counted(size);
}
void operator delete(void *memory) noexcept
{
    release(memory);
}
void operator delete[](void *memory) noexcept
{
    release(memory);
}
void operator delete(void *memory, std::size_t) noexcept
{
    release(memory);
}
void operator delete[](void *memory, std::size_t) noexcept
{
    release(memory);
}
void operator delete(void *memory, const std::nothrow_t &) noexcept
{
    release(memory);
}
void operator delete[](void *memory, const std::nothrow_t &) noexcept
{
    release(memory);
}

using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::size_t kBound = 64u << 20;
using Type = GgufValueType;

std::size_t g_worst = 0; // of all files read

// Bytes allocated at the worst moment of `work`, beyond what was allocated before it.
template <typename Work>
std::size_t peakOf(const Work &work)
{
    const std::size_t before = g_live;
    g_peak = before;
    work();
    return g_peak - before;
}

// Reads `bytes` in every way there is.
std::size_t peakOfReading(const std::string &bytes, bool expectSound)
{
    bool sound = false;
    const std::size_t peak = peakOf([&] {
        const auto file = GgufFile::parse(GgufWriter::view(bytes), "test");
        sound = bool(file);
        if (!file)
            return;
        (void)readModelSpec(*file);
        for (const auto &pair : file->metadata()) {
            (void)file->strings(pair.first);
            (void)file->integers(pair.first);
            (void)file->numbers(pair.first);
        }
        (void)inspectFile(*file);
    });
    g_worst = std::max(g_worst, peak);
    if (sound != expectSound)
        qFatal("the file was expected to be %s", expectSound ? "sound" : "broken");
    return peak;
}

// As many as the reader takes, with the longest names; cheaper than GgufWriter for very many.
std::string longName(std::uint32_t number)
{
    std::string name = std::to_string(number);
    return std::string(256 - name.size(), 'n') + name;
}

} // namespace

class TestGgufMemory : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void theCounterCounts()
    {
        QVERIFY(peakOf([] { std::vector<char> some(1 << 20); }) >= (1u << 20));
        QVERIFY(peakOf([] {}) < 1000);
    }

    void falseCounts()
    {
        for (int power = 10; power < 64; ++power) {
            const std::uint64_t count = std::uint64_t(1) << power;
            QVERIFY(peakOfReading(tinyModel().claimMetadata(count).bytes(), false) < kBound);
            QVERIFY(peakOfReading(tinyModel().claimTensors(count).bytes(), false) < kBound);
            for (std::uint32_t element : {0u, 5u, 8u, 9u, 12u}) {
                const std::string array = bytesOf(element, count);
                QVERIFY(peakOfReading(GgufWriter().raw("a", Type::Array, array).bytes(), false)
                        < kBound);
            }
            QVERIFY(
                peakOfReading(GgufWriter().raw("a", Type::String, bytesOf(count)).bytes(), false)
                < kBound);
        }
    }

    void asManyPairsAsThereMayBe()
    {
        constexpr std::uint32_t kPairs = 1u << 14;
        std::string bytes = "GGUF" + bytesOf(3u, std::uint64_t(0), std::uint64_t(kPairs));
        for (std::uint32_t i = 0; i < kPairs; ++i) {
            std::string array = bytesOf(std::uint32_t(Type::String), std::uint64_t(8));
            for (int k = 0; k < 8; ++k)
                array += ggufString(std::string(250, 'v'));
            bytes += ggufString(longName(i)) + bytesOf(std::uint32_t(Type::Array)) + array;
        }
        QVERIFY(peakOfReading(bytes, true) < kBound);
    }

    void asManyTensorsAsThereMayBe()
    {
        constexpr std::uint32_t kTensors = 1u << 16;
        std::string bytes = "GGUF" + bytesOf(3u, std::uint64_t(kTensors), std::uint64_t(0));
        for (std::uint32_t i = 0; i < kTensors; ++i)
            bytes += ggufString(longName(i))
                + bytesOf(std::uint32_t(1), std::uint64_t(1), std::uint32_t(0),
                          std::uint64_t(i) * 32);
        bytes.resize((bytes.size() + 31) / 32 * 32 + kTensors * 32);
        QVERIFY(peakOfReading(bytes, true) < kBound);
    }

    void theLongestArrays()
    {
        constexpr std::uint64_t kElements = 1u << 21;
        for (const auto &[type, each] :
             {std::pair(Type::UInt8, 1u), {Type::Float64, 8u}, {Type::String, 8u}}) {
            std::string array = bytesOf(std::uint32_t(type), kElements);
            array.resize(array.size() + kElements * each);
            QVERIFY(peakOfReading(GgufWriter().raw("a", Type::Array, array).bytes(), true)
                    < kBound);
            array = bytesOf(std::uint32_t(type), kElements + 1);
            array.resize(array.size() + (kElements + 1) * each);
            QVERIFY(peakOfReading(GgufWriter().raw("a", Type::Array, array).bytes(), false)
                    < kBound);
        }
    }

    void cleanupTestCase() { qInfo("worst peak: %.1f MiB", double(g_worst) / (1 << 20)); }

    void theDeepestModel()
    {
        GgufWriter file = tinyModel().u32("llama.block_count", 1024);
        for (std::uint32_t layer = 1; layer < 1024; ++layer) {
            const std::string block = "blk." + std::to_string(layer);
            file.tensor(block + ".attn_norm.weight", {8})
                .tensor(block + ".attn_q.weight", {8, 8})
                .tensor(block + ".attn_k.weight", {8, 4})
                .tensor(block + ".attn_v.weight", {8, 4})
                .tensor(block + ".attn_output.weight", {8, 8})
                .tensor(block + ".ffn_norm.weight", {8})
                .tensor(block + ".ffn_gate.weight", {8, 12})
                .tensor(block + ".ffn_up.weight", {8, 12})
                .tensor(block + ".ffn_down.weight", {12, 8});
        }
        const std::string bytes = file.bytes();
        const auto parsed = GgufFile::parse(GgufWriter::view(bytes), "test");
        QVERIFY(parsed);
        const auto spec = readModelSpec(*parsed);
        QVERIFY2(spec, spec ? "" : spec.error().message.c_str());
        QCOMPARE(spec->layers.size(), 1024u);
        QVERIFY(peakOfReading(bytes, true) < kBound);
    }
};

QTEST_APPLESS_MAIN(TestGgufMemory)
#include "tst_gguf_memory.moc"
