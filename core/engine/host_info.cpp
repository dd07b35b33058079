#include "core/engine/host_info.h"

#include <string_view>

#ifdef _WIN32
#include <windows.h>
// After windows.h, which it needs.
#include <psapi.h>
#else
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach/mach.h>
#include <sys/sysctl.h>
#endif
#endif

namespace alcove::engine {

#ifdef _WIN32

std::string processorName()
{
    char name[256] = {};
    DWORD size = sizeof(name);
    if (RegGetValueA(HKEY_LOCAL_MACHINE, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                     "ProcessorNameString", RRF_RT_REG_SZ, nullptr, name, &size)
        != ERROR_SUCCESS)
        return {};
    return name;
}

std::uint64_t physicalMemoryBytes()
{
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : 0;
}

std::uint64_t availableMemoryBytes()
{
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : 0;
}

std::uint64_t peakResidentBytes()
{
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof(counters);
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters))
        ? counters.PeakWorkingSetSize
        : 0;
}

#else

#ifdef __APPLE__

std::string processorName()
{
    char name[256] = {};
    std::size_t size = sizeof(name) - 1;
    return sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0 ? name : "";
}

std::uint64_t availableMemoryBytes()
{
    vm_statistics64_data_t statistics{};
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64,
                          reinterpret_cast<host_info64_t>(&statistics), &count)
        != KERN_SUCCESS)
        return 0;
    return (std::uint64_t(statistics.free_count) + statistics.inactive_count)
        * std::uint64_t(sysconf(_SC_PAGESIZE));
}

#else

namespace {

// The text after "key   :" on the first line of a /proc file that starts with `key`.
std::string procValue(const char *path, std::string_view key)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, key.size(), key) != 0)
            continue;
        const std::size_t colon = line.find(':');
        const std::size_t start =
            colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
        return start == std::string::npos ? std::string() : line.substr(start);
    }
    return {};
}

} // namespace

std::string processorName()
{
    std::string name = procValue("/proc/cpuinfo", "model name");
    return name.empty() ? procValue("/proc/cpuinfo", "Model") : name; // ARM boards
}

std::uint64_t availableMemoryBytes()
{
    const std::string value = procValue("/proc/meminfo", "MemAvailable");
    return value.empty() ? 0 : std::strtoull(value.c_str(), nullptr, 10) * 1024;
}

#endif

std::uint64_t physicalMemoryBytes()
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? std::uint64_t(pages) * std::uint64_t(size) : 0;
}

std::uint64_t peakResidentBytes()
{
    struct rusage usage { };
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss <= 0)
        return 0;
#ifdef __APPLE__
    return std::uint64_t(usage.ru_maxrss); // bytes there, KiB elsewhere
#else
    return std::uint64_t(usage.ru_maxrss) * 1024;
#endif
}

#endif

} // namespace alcove::engine
