#include "app/cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace alcove::cli {

namespace {

const OptionSpec *findOption(std::string_view name, const CommandSpec *command,
                             std::span<const OptionSpec> globals)
{
    const auto named = [name](const OptionSpec &option) { return option.name == name; };
    if (command) {
        const auto own = std::find_if(command->options.begin(), command->options.end(), named);
        if (own != command->options.end())
            return &*own;
    }
    const auto global = std::find_if(globals.begin(), globals.end(), named);
    return global == globals.end() ? nullptr : &*global;
}

std::string quoted(std::string_view text)
{
    return "\"" + std::string(text) + "\"";
}

} // namespace

Parsed<Arguments> Arguments::parse(std::span<const std::string> words,
                                   std::span<const CommandSpec *const> commands,
                                   std::span<const OptionSpec> globals)
{
    Arguments arguments;
    bool optionsEnded = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (!optionsEnded && word == "--") {
            optionsEnded = true;
            continue;
        }
        if (optionsEnded || word.size() < 2 || word.front() != '-') {
            if (!arguments.m_command) {
                const auto found =
                    std::find_if(commands.begin(), commands.end(),
                                 [word](const CommandSpec *one) { return one->name == word; });
                if (found == commands.end())
                    return usageFailure("There is no command " + quoted(word)
                                        + "; --help lists the commands.");
                arguments.m_command = *found;
            } else {
                arguments.m_positionals.emplace_back(word);
            }
            continue;
        }
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const OptionSpec *option = findOption(name, arguments.m_command, globals);
        if (!option) {
            return usageFailure(arguments.m_command
                                    ? "The command " + std::string(arguments.m_command->name)
                                        + " has no option " + std::string(name) + "."
                                    : "There is no option " + std::string(name)
                                        + " before a command.");
        }
        std::string value;
        if (option->valueName.empty()) {
            if (equals != std::string_view::npos)
                return usageFailure("The option " + std::string(name) + " takes no value.");
        } else if (equals != std::string_view::npos) {
            value = std::string(word.substr(equals + 1));
        } else {
            // A text may begin with dashes, but the name of an option there is a forgotten value.
            if (i + 1 == words.size()
                || findOption(words[i + 1], arguments.m_command, globals) != nullptr)
                return usageFailure("The option " + std::string(name) + " needs a value ("
                                    + std::string(option->valueName) + ").");
            value = words[++i];
        }
        if (option->times != OptionSpec::Times::Once) {
            arguments.m_repeated.emplace_back(std::string(name), value);
            arguments.m_values.insert_or_assign(std::string(name), std::move(value));
            const bool more =
                option->times == OptionSpec::Times::Several && equals == std::string_view::npos;
            while (more && i + 1 < words.size() && !words[i + 1].starts_with('-'))
                arguments.m_repeated.emplace_back(std::string(name), words[++i]);
            continue;
        }
        if (!arguments.m_values.emplace(std::string(name), std::move(value)).second)
            return usageFailure("The option " + std::string(name) + " is given twice.");
    }
    if (arguments.m_command && !arguments.has("--help")) {
        const auto &wanted = arguments.m_command->positionals;
        const std::string name(arguments.m_command->name);
        if (arguments.m_positionals.size() < wanted.size())
            return usageFailure("The command " + name + " needs "
                                + std::string(wanted[arguments.m_positionals.size()]) + ".");
        const bool any = !wanted.empty() && wanted.back().ends_with("...");
        if (arguments.m_positionals.size() > wanted.size() && !any)
            return usageFailure("The command " + name + " does not know what to do with "
                                + quoted(arguments.m_positionals[wanted.size()]) + ".");
    }
    return arguments;
}

bool Arguments::has(std::string_view option) const
{
    return m_values.find(option) != m_values.end();
}

std::optional<std::string> Arguments::value(std::string_view option) const
{
    const auto found = m_values.find(option);
    return found == m_values.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Arguments::values(std::string_view option) const
{
    std::vector<std::string> values;
    for (const auto &[name, value] : m_repeated) {
        if (name == option)
            values.push_back(value);
    }
    return values;
}

std::string Arguments::valueOr(std::string_view option, std::string fallback) const
{
    const auto found = m_values.find(option);
    return found == m_values.end() ? std::move(fallback) : found->second;
}

Parsed<std::string> Arguments::required(std::string_view option) const
{
    const auto found = m_values.find(option);
    if (found == m_values.end())
        return usageFailure("The command " + std::string(m_command->name) + " needs the option "
                            + std::string(option) + ".");
    return found->second;
}

Parsed<std::uint64_t> Arguments::integer(std::string_view option, std::uint64_t fallback,
                                         std::uint64_t least, std::uint64_t most) const
{
    const auto text = value(option);
    if (!text)
        return fallback;
    std::uint64_t number = 0;
    const char *end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < least || number > most) {
        std::string range = "a whole number of at least " + std::to_string(least);
        if (most != std::numeric_limits<std::uint64_t>::max())
            range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
        return usageFailure("The option " + std::string(option) + " needs " + range + ", not "
                            + quoted(*text) + ".");
    }
    return number;
}

Parsed<float> Arguments::real(std::string_view option, float fallback, float least,
                              float most) const
{
    const auto text = value(option);
    return text ? realNumber(option, *text, least, most) : fallback;
}

Parsed<float> realNumber(std::string_view option, const std::string &text, float least, float most)
{
    char *end = nullptr;
    const float number = std::strtof(text.c_str(), &end);
    if (text.empty() || end != text.c_str() + text.size() || !std::isfinite(number)
        || number < least || number > most) {
        const auto shown = [](float limit) {
            std::string digits = std::to_string(limit);
            digits.erase(digits.find_last_not_of('0') + 1);
            return digits.back() == '.' ? digits.substr(0, digits.size() - 1) : digits;
        };
        return usageFailure("The option " + std::string(option) + " needs a number from "
                            + shown(least) + " to " + shown(most) + ", not " + quoted(text) + ".");
    }
    return number;
}

Parsed<std::vector<std::uint32_t>> integerList(std::string_view option, const std::string &text)
{
    std::vector<std::uint32_t> numbers;
    const char *at = text.data();
    const char *end = at + text.size();
    const auto separates = [](char c) {
        return c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r';
    };
    for (;;) {
        while (at != end && separates(*at))
            ++at;
        if (at == end)
            break;
        std::uint32_t number = 0;
        const auto read = std::from_chars(at, end, number);
        if (read.ec != std::errc() || (read.ptr != end && !separates(*read.ptr))
            || number > std::uint32_t(std::numeric_limits<std::int32_t>::max()))
            return usageFailure("The option " + std::string(option)
                                + " needs whole numbers separated by spaces, not " + quoted(text)
                                + ".");
        numbers.push_back(number);
        at = read.ptr;
    }
    if (numbers.empty())
        return usageFailure("The option " + std::string(option) + " needs at least one number.");
    return numbers;
}

} // namespace alcove::cli
