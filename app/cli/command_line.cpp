#include "app/cli/command_line.h"

#include <array>
#include <cstdio>
#include <exception>
#include <new>

namespace alcove::cli {

namespace {

constexpr OptionSpec kGlobals[] = {
    {"--device", "DEVICE", "auto, cpu, vulkan or vulkan:N (see the command devices)"},
    {"--data-dir", "DIR", "folder for what is kept between runs (compiled Vulkan pipelines)"},
    {"--threads", "N", "threads of the processor; one per core when absent"},
    {"--context", "N",
     "positions of the context; what the model was made for, at most 4096, when absent"},
    {"--kv", "FORMAT", "numbers in the KV cache: f32, f16, q8_0 or q8_0/q4_0 (keys/values)"},
    {"--lora", "FILE[=SCALE]", "a LoRA adapter for the model (GGUF); may be given again",
     OptionSpec::Times::Any},
    {"--help", "", "what the program or a command takes"},
    {"--version", "", "the program's version"},
};

std::string optionText(const OptionSpec &option)
{
    std::string text(option.name);
    if (!option.valueName.empty())
        text += " " + std::string(option.valueName);
    return text;
}

void printTable(std::ostream &out, std::string left, std::string_view right)
{
    constexpr std::size_t kColumn = 24;
    left.resize(std::max(left.size() + 1, kColumn), ' ');
    out << "  " << left << right << "\n";
}

void printHelp(const Program &program, std::ostream &out)
{
    out << program.name << ": " << program.about << "\n\nUse: " << program.name
        << " [OPTIONS] COMMAND\n\nCommands:\n";
    for (const Command *command : program.commands) {
        std::string left(command->spec.name);
        for (const std::string_view positional : command->spec.positionals)
            left += " " + std::string(positional);
        printTable(out, left, command->spec.help);
    }
    out << "\nOptions of every command:\n";
    for (const OptionSpec &option : kGlobals)
        printTable(out, optionText(option), option.help);
}

void printHelp(const Program &program, const CommandSpec &command, std::ostream &out)
{
    out << "Use: " << program.name << " " << command.name;
    for (const std::string_view positional : command.positionals)
        out << " " << positional;
    out << (command.options.empty() ? "" : " [OPTIONS]") << "\n" << command.help << "\n";
    for (const OptionSpec &option : command.options)
        printTable(out, optionText(option), option.help);
}

Outcome run(const Program &program, std::span<const std::string> words, std::istream &in,
            std::ostream &out, std::ostream &err)
{
    std::vector<const CommandSpec *> specs;
    for (const Command *command : program.commands)
        specs.push_back(&command->spec);
    auto arguments = Arguments::parse(words, specs, kGlobals);
    if (!arguments)
        return tl::unexpected<Failure>(arguments.error());
    if (arguments->has("--help")) {
        if (arguments->command())
            printHelp(program, *arguments->command(), out);
        else
            printHelp(program, out);
        return {};
    }
    if (arguments->has("--version")) {
        out << program.name << " " << ALCOVE_VERSION << "\n";
        return {};
    }
    if (!arguments->command())
        return usageFailure("A command is missing; --help lists them.");
    for (const Command *command : program.commands) {
        if (&command->spec == arguments->command())
            return command->run({*arguments, in, out, err});
    }
    return failure("The command could not be run.");
}

} // namespace

std::span<const OptionSpec> globalOptions()
{
    return kGlobals;
}

int runCommandLine(const Program &program, std::span<const std::string> words, std::istream &in,
                   std::ostream &out, std::ostream &err)
{
    Outcome outcome;
    try {
        outcome = run(program, words, in, out, err);
    } catch (const std::bad_alloc &) {
        outcome = failure("The computer's memory does not suffice.");
    } catch (const std::exception &exception) {
        outcome = failure(std::string("Something went wrong: ") + exception.what());
    }
    out.flush();
    if (outcome && !out)
        outcome = failure("The output could not be written.");
    if (outcome)
        return 0;
    err << program.name << ": " << outcome.error().sentence << std::endl;
    return outcome.error().exitCode;
}

void printJson(std::ostream &out, const Json &json)
{
    out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

std::string readableBytes(std::uint64_t bytes)
{
    static constexpr const char *kUnits[] = {"B", "kB", "MB", "GB", "TB"};
    double value = double(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < std::size(kUnits)) {
        value /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
    return text;
}

} // namespace alcove::cli
