// Who speaks in a conversation. Plain values; any thread.
#pragma once

namespace alcove::llm {

enum class Role { System, User, Assistant };

} // namespace alcove::llm
