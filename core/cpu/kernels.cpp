#include "core/cpu/kernels.h"

#include "core/cpu/processor.h"
#include "core/cpu/simd/kernel_sets.h"

#include <array>

namespace alcove::cpu {
namespace {

template <typename Pick>
KernelTable assemble(const char *name, const Pick &pick)
{
    return {name,
            pick(matMulKernels()),
            pick(quantiseKernels()),
            pick(rmsNormKernels()),
            pick(activateKernels()),
            pick(addScaledKernels()),
            pick(storeKvKernels()),
            pick(attendKernels()),
            pick(deltaRowsKernels()),
            pick(ssmRowsKernels())};
}

class Tables
{
public:
    Tables()
    {
        m_runnable[m_count++] = &scalarKernels();
        const InstructionSets sets = instructionSets();
        offer(sets.sse4, "SSE4", [](const auto &set) { return set.sse4; });
        offer(sets.avx2, "AVX2", [](const auto &set) { return set.avx2; });
        offer(sets.avx512Vnni, "AVX-512 VNNI", [](const auto &set) { return set.avx512Vnni; });
        offer(true, "NEON", [](const auto &set) { return set.neon; });
    }
    Tables(const Tables &) = delete;
    Tables &operator=(const Tables &) = delete;

    std::span<const KernelTable *const> runnable() const { return {m_runnable.data(), m_count}; }

private:
    template <typename Pick>
    void offer(bool runs, const char *name, const Pick &pick)
    {
        if (!runs || !pick(matMulKernels()))
            return;
        m_tables[m_count] = assemble(name, pick);
        m_runnable[m_count] = &m_tables[m_count];
        ++m_count;
    }

    std::array<KernelTable, 5> m_tables{};
    std::array<const KernelTable *, 5> m_runnable{}; // the best last
    std::size_t m_count = 0;
};

} // namespace

bool usesInt8Activations(llm::TensorType type)
{
    return type != llm::TensorType::F32 && type != llm::TensorType::F16
        && type != llm::TensorType::BF16;
}

const KernelTable &bestKernels()
{
    return *runnableKernels().back();
}

std::span<const KernelTable *const> runnableKernels()
{
    static const Tables kTables; // made at first use, only read afterwards
    return kTables.runnable();
}

} // namespace alcove::cpu
