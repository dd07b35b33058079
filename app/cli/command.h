// Command: one word of the command line with its options and the function that does it.
//
// Commands write results to `out` and remarks to `err`; a failure is returned and printed by
// runCommandLine(). With --json nothing but JSON reaches `out`. Main thread.
#pragma once

#include "app/cli/arguments.h"
#include "app/cli/outcome.h"

#include <nlohmann/json.hpp>

#include <istream>
#include <ostream>
#include <span>
#include <string>

namespace alcove::cli {

using Json = nlohmann::ordered_json;

struct Environment {
    const Arguments &arguments;
    std::istream &in;
    std::ostream &out;
    std::ostream &err;
};

struct Command {
    CommandSpec spec;
    Outcome (*run)(const Environment &environment);
};

const Command &devicesCommand();
const Command &inspectCommand();
const Command &logitsCommand();
const Command &embedCommand();
const Command &tokenizeCommand();
const Command &detokenizeCommand();
const Command &renderCommand();
const Command &generateCommand();
const Command &chatCommand();
const Command &benchCommand();
const Command &selfTestCommand();
// Of document_commands.cpp and ask_command.cpp, which need the parts that have Qt.
const Command &indexCommand();
const Command &searchCommand();
const Command &askCommand();
const Command &documentsCommand();
const Command &extractCommand();

// Indented, with a line feed; text that is not UTF-8 is shown with U+FFFD rather than refused.
void printJson(std::ostream &out, const Json &json);

// "17.4 GB" (1e9 bytes), for people; JSON has the bytes.
std::string readableBytes(std::uint64_t bytes);

} // namespace alcove::cli
