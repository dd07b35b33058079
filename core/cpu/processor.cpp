#include "core/cpu/processor.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#define ALCOVE_X86 1
#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

#if defined(_WIN32)
#include <windows.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <sched.h>
#endif

namespace alcove::cpu {
namespace {

#ifdef ALCOVE_X86

struct CpuidWords {
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
};

CpuidWords cpuid(std::uint32_t leaf, std::uint32_t subleaf)
{
    CpuidWords words;
#ifdef _MSC_VER
    int values[4] = {};
    __cpuid(values, 0);
    if (static_cast<std::uint32_t>(values[0]) < leaf)
        return words;
    __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
    words = {static_cast<std::uint32_t>(values[0]), static_cast<std::uint32_t>(values[1]),
             static_cast<std::uint32_t>(values[2]), static_cast<std::uint32_t>(values[3])};
#else
    __get_cpuid_count(leaf, subleaf, &words.a, &words.b, &words.c, &words.d);
#endif
    return words;
}

// XCR0: which register files the operating system saves.
std::uint64_t savedRegisters()
{
#ifdef _MSC_VER
    return _xgetbv(0);
#else
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (std::uint64_t(high) << 32) | low;
#endif
}

#endif

#if defined(__linux__)

// The core's first hardware thread, from "3,19" or "3-4"; the processor itself where unknown.
int firstSibling(int processor)
{
    char path[96];
    std::snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                  processor);
    int first = processor;
    if (std::FILE *file = std::fopen(path, "r")) {
        if (std::fscanf(file, "%d", &first) != 1)
            first = processor;
        std::fclose(file);
    }
    return first;
}

#endif

} // namespace

InstructionSets instructionSets()
{
    InstructionSets sets;
#ifdef ALCOVE_X86
    const auto bit = [](std::uint32_t word, int index) { return ((word >> index) & 1u) != 0; };
    const CpuidWords one = cpuid(1, 0);
    const CpuidWords seven = cpuid(7, 0);
    sets.sse4 = bit(one.c, 9) && bit(one.c, 19) && bit(one.c, 20) && bit(one.c, 1)
        && bit(one.c, 25); // SSSE3, 4.1, 4.2, PCLMUL, AES: what Highway's target assumes
    if (!sets.sse4 || !bit(one.c, 27)) // OSXSAVE
        return sets;
    const std::uint64_t saved = savedRegisters();
    const bool fma = bit(one.c, 12);
    const bool f16c = bit(one.c, 29);
    const bool avx = bit(one.c, 28) && (saved & 0x6) == 0x6;
    sets.avx2 = avx && fma && f16c && bit(seven.b, 5) && bit(seven.b, 3) && bit(seven.b, 8);
    const bool saves512 = (saved & 0xe6) == 0xe6;
    sets.avx512Vnni = sets.avx2 && saves512 && bit(seven.b, 16) && bit(seven.b, 17)
        && bit(seven.b, 30) && bit(seven.b, 31) && bit(seven.c, 11);
#endif
    return sets;
}

std::uint32_t usableCores()
{
    std::uint32_t cores = 0;
#if defined(_WIN32)
    DWORD bytes = 0;
    GetLogicalProcessorInformation(nullptr, &bytes);
    std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> entries(
        bytes / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
    if (!entries.empty() && GetLogicalProcessorInformation(entries.data(), &bytes)) {
        for (const auto &entry : entries)
            cores += entry.Relationship == RelationProcessorCore ? 1u : 0u;
    }
#elif defined(__APPLE__)
    std::int32_t count = 0;
    std::size_t size = sizeof(count);
    // Performance cores where there are two kinds: the slow ones would be waited for.
    if (sysctlbyname("hw.perflevel0.physicalcpu", &count, &size, nullptr, 0) != 0) {
        size = sizeof(count);
        if (sysctlbyname("hw.physicalcpu", &count, &size, nullptr, 0) != 0)
            count = 0;
    }
    cores = count > 0 ? static_cast<std::uint32_t>(count) : 0;
#elif defined(__linux__)
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        std::set<int> firsts;
        for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
            if (CPU_ISSET(processor, &allowed))
                firsts.insert(firstSibling(processor));
        }
        cores = static_cast<std::uint32_t>(firsts.size());
    }
#endif
    if (cores == 0)
        cores = std::thread::hardware_concurrency();
    return std::max(1u, cores);
}

} // namespace alcove::cpu
