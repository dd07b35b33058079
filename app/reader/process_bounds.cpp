#include "app/reader/process_bounds.h"

#include <iostream>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#else
#include <sys/resource.h>
#endif

namespace alcove {

#ifdef _WIN32

void bindProcess(std::uint64_t memoryBytes)
{
    _setmode(_fileno(stdout), _O_BINARY);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    // The job lives as long as the process: its handle is never closed.
    const HANDLE job = CreateJobObjectW(nullptr, nullptr);
    if (!job)
        return;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY;
    limits.ProcessMemoryLimit = SIZE_T(memoryBytes);
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
    AssignProcessToJobObject(job, GetCurrentProcess());
}

#else

namespace {

void bindOne(int resource, rlim_t most)
{
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0)
        return;
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || most < limit.rlim_max ? most : limit.rlim_max;
    limit.rlim_max = limit.rlim_cur;
    setrlimit(resource, &limit);
}

} // namespace

void bindProcess([[maybe_unused]] std::uint64_t memoryBytes)
{
    bindOne(RLIMIT_CORE, 0);
    bindOne(RLIMIT_FSIZE, 0); // pipes are no files
#ifndef ALCOVE_SANITIZED
    bindOne(RLIMIT_AS, rlim_t(memoryBytes));
#endif
}

#endif

} // namespace alcove
