// The command line as a whole: reads the arguments, runs the command, says what went wrong.
// Exit status: 0 done, 1 failed, 2 not understood. No exception leaves it. Main thread.
#pragma once

#include "app/cli/command.h"

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace alcove::cli {

struct Program {
    std::string_view name; // "alcove-cli"
    std::string_view about; // one line
    std::span<const Command *const> commands;
};

int runCommandLine(const Program &program, std::span<const std::string> words, std::istream &in,
                   std::ostream &out, std::ostream &err);

// The options that every command takes.
std::span<const OptionSpec> globalOptions();

} // namespace alcove::cli
