// ToolCall: what a model asks a program to do, read from the text between a format's markers.
//
// The families write it in few shapes: JSON ({"name": ..., "arguments": {...}}, alone or in a
// list), a name with JSON after it, elements (<function=..><parameter=..>, <invoke name="..">,
// <arg_key>), or calls as in Python. The shape is told by the text itself. Model output is hostile
// input: depth is bounded, and what cannot be read is kept as text with the reason beside it.
// Pure functions; any thread; nothing fails.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

struct ToolCall {
    std::string id; // as the model gave it; often empty
    std::string name;
    std::string arguments; // a JSON object; where `error` is not empty, the text as it stands
    std::string error; // why the call cannot be read, in a sentence
};

// The calls in a block; at least one for a block that is not blank.
std::vector<ToolCall> readToolCalls(std::string_view block);

// The call when `text` is one JSON object or list that cannot be anything but calls: each has a
// name and arguments. Empty otherwise.
std::vector<ToolCall> readBareToolCalls(std::string_view text);

// `name` known, `arguments` as the model wrote them.
ToolCall namedToolCall(std::string_view name, std::string_view arguments);

} // namespace alcove::llm
