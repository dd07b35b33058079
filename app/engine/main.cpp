#include "app/cli/command_line.h"
#include "app/cli/platform.h"

#include <iostream>

int main(int argc, char **argv)
{
    using namespace alcove::cli;
    prepareStandardStreams();
    const Command *const commands[] = {
        &devicesCommand(), &logitsCommand(),   &generateCommand(),
        &benchCommand(),   &selfTestCommand(),
    };
    const std::vector<std::string> words = commandLineArguments(argc, argv);
    return runCommandLine({"alcove-engine", "Alcove's engine alone, in one file", commands}, words,
                          std::cin, std::cout, std::cerr);
}
