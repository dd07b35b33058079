// Outcome: how a command of the command line ended. 0 done, 1 failed, 2 not understood; what went
// wrong is one sentence for standard error.
#pragma once

#include "core/base/result.h"

#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace alcove::cli {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Failure {
    int exitCode = kExitFailed;
    std::string sentence;
};

using Outcome = tl::expected<void, Failure>;

template <typename T>
using Parsed = tl::expected<T, Failure>; // a value read from the command line

inline tl::unexpected<Failure> usageFailure(std::string sentence)
{
    return tl::unexpected<Failure>(Failure{kExitUsage, std::move(sentence)});
}

inline tl::unexpected<Failure> failure(std::string sentence)
{
    return tl::unexpected<Failure>(Failure{kExitFailed, std::move(sentence)});
}

inline tl::unexpected<Failure> failure(const Error &error)
{
    return failure(error.message);
}

} // namespace alcove::cli
