// What a session says in the same words in several places. Pure.
#pragma once

#include "core/base/result.h"

namespace alcove::engine {

inline Error outOfMemory()
{
    return {ErrorCode::OutOfMemory,
            "The computer's memory does not suffice. Close other programs, or choose a smaller "
            "model or a shorter context.",
            {}};
}

} // namespace alcove::engine
