// Result<T>: the value of an operation that a user, a file or a device can make fail.
//
// Errors are values: nothing here throws, and exceptions do not cross a module's border.
// Assertions are for our own mistakes and are never reachable from input.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace alcove {

enum class ErrorCode {
    Cancelled, // the user asked for it: an outcome of its own, never shown as a failure
    InvalidArgument,
    InvalidFile, // malformed or hostile input
    Unsupported, // well-formed, but not something we can run; the message says what
    NotFound,
    PasswordNeeded, // the file is locked
    TimedOut,
    Io,
    DiskFull,
    OutOfMemory,
    OutOfDeviceMemory,
    DeviceLost,
    DeviceUnavailable,
    ContextFull,
    TemplateFailed,
    Database,
    Internal,
};

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message; // one sentence fit to show: what happened, what was kept, what to do
    std::string detail; // for the log; never chat or document text

    bool cancelled() const { return code == ErrorCode::Cancelled; }
};

template <typename T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {})
{
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(detail)});
}

inline tl::unexpected<Error> fail(Error error)
{
    return tl::unexpected<Error>(std::move(error));
}

} // namespace alcove
