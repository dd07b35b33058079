#include "app/cli/command_line.h"
#include "app/cli/platform.h"

#include <iostream>

int main(int argc, char **argv)
{
    using namespace alcove::cli;
    prepareStandardStreams();
    const Command *const commands[] = {
        &devicesCommand(),  &inspectCommand(),    &logitsCommand(),   &embedCommand(),
        &tokenizeCommand(), &detokenizeCommand(), &renderCommand(),   &generateCommand(),
        &chatCommand(),     &benchCommand(),      &selfTestCommand(),
#ifdef ALCOVE_DOCUMENTS
        &indexCommand(),    &searchCommand(),     &askCommand(),      &documentsCommand(),
        &extractCommand(),
#endif
    };
    const std::vector<std::string> words = commandLineArguments(argc, argv);
    return runCommandLine(
        {"alcove-cli", "language models on your own machine, from the command line", commands},
        words, std::cin, std::cout, std::cerr);
}
