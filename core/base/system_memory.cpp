#include "core/base/system_memory.h"

#include <array>
#include <cstdio>

#if defined(_WIN32)
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <sys/sysctl.h>
#else
#include <unistd.h>
#endif

namespace alcove {

#if defined(_WIN32)

SystemMemory systemMemory()
{
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof(status);
    if (!GlobalMemoryStatusEx(&status))
        return {};
    return {status.ullTotalPhys, status.ullAvailPhys};
}

#elif defined(__APPLE__)

SystemMemory systemMemory()
{
    SystemMemory memory;
    std::uint64_t total = 0;
    std::size_t size = sizeof(total);
    if (sysctlbyname("hw.memsize", &total, &size, nullptr, 0) == 0)
        memory.totalBytes = total;
    vm_statistics64_data_t statistics{};
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64,
                          reinterpret_cast<host_info64_t>(&statistics), &count)
        == KERN_SUCCESS) {
        // Inactive and purgeable pages are given up on demand, like a file cache.
        memory.availableBytes = (std::uint64_t(statistics.free_count) + statistics.inactive_count
                                 + statistics.purgeable_count)
            * vm_kernel_page_size;
    }
    return memory;
}

#else

SystemMemory systemMemory()
{
    SystemMemory memory;
    if (std::FILE *file = std::fopen("/proc/meminfo", "r")) {
        std::array<char, 256> line{};
        unsigned long long kibibytes = 0;
        while (std::fgets(line.data(), static_cast<int>(line.size()), file)) {
            if (std::sscanf(line.data(), "MemTotal: %llu kB", &kibibytes) == 1)
                memory.totalBytes = kibibytes << 10;
            else if (std::sscanf(line.data(), "MemAvailable: %llu kB", &kibibytes) == 1)
                memory.availableBytes = kibibytes << 10;
        }
        std::fclose(file);
    }
    if (memory.totalBytes == 0) {
        const long pages = sysconf(_SC_PHYS_PAGES);
        const long pageBytes = sysconf(_SC_PAGESIZE);
        if (pages > 0 && pageBytes > 0)
            memory.totalBytes = std::uint64_t(pages) * std::uint64_t(pageBytes);
    }
    return memory;
}

#endif

std::string readableBytes(std::uint64_t bytes)
{
    constexpr std::array<const char *, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes);
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), unit < 2 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
    return text.data();
}

} // namespace alcove
