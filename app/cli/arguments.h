// Arguments: a strict reading of the command line against a description of it.
//
// Options may stand before or after the command, as "--name value" or "--name=value"; "--" ends
// them. What is unknown, given twice, missing or too much is a usage failure in one sentence.
// Values only; any thread.
#pragma once

#include "app/cli/outcome.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alcove::cli {

struct OptionSpec {
    std::string_view name; // "--prompt"
    std::string_view valueName; // "TEXT"; empty: a switch without a value
    std::string_view help; // one line
    // How often it may be given. Several: as often, and each time with as many values as follow.
    enum class Times { Once, Any, Several } times = Times::Once;
};

struct CommandSpec {
    std::string_view name;
    std::string_view help; // one line
    // "MODEL"; all are needed. The last may end with "...": one or more.
    std::vector<std::string_view> positionals;
    std::vector<OptionSpec> options;
};

class Arguments
{
public:
    // `words`: without the program's name. `command()` is null when only global options were given.
    static Parsed<Arguments> parse(std::span<const std::string> words,
                                   std::span<const CommandSpec *const> commands,
                                   std::span<const OptionSpec> globals);

    const CommandSpec *command() const { return m_command; }
    const std::string &positional(std::size_t index) const { return m_positionals[index]; }
    const std::vector<std::string> &positionals() const { return m_positionals; }

    bool has(std::string_view option) const;
    std::optional<std::string> value(std::string_view option) const;
    std::vector<std::string> values(std::string_view option) const; // of one given any times
    std::string valueOr(std::string_view option, std::string fallback) const;
    Parsed<std::string> required(std::string_view option) const;

    // Usage failures for what is no number or outside least..most.
    Parsed<std::uint64_t> integer(std::string_view option, std::uint64_t fallback,
                                  std::uint64_t least, std::uint64_t most) const;
    Parsed<float> real(std::string_view option, float fallback, float least, float most) const;

private:
    const CommandSpec *m_command = nullptr;
    std::vector<std::string> m_positionals;
    std::map<std::string, std::string, std::less<>> m_values; // the last of each
    std::vector<std::pair<std::string, std::string>> m_repeated;
};

// A number, the whole text; usage failures as of Arguments::real.
Parsed<float> realNumber(std::string_view option, const std::string &text, float least, float most);

// Numbers separated by spaces or commas, e.g. "1 5 77" or "1,7,16".
Parsed<std::vector<std::uint32_t>> integerList(std::string_view option, const std::string &text);

} // namespace alcove::cli
