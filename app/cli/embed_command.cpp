#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/nul_texts.h"

#include <cmath>

namespace alcove::cli {

namespace {

// A vector of zeros has no direction and stays as it is.
void normalise(std::vector<float> &values)
{
    double squares = 0;
    for (const float value : values)
        squares += double(value) * double(value);
    if (!(squares > 0))
        return;
    const double scale = 1 / std::sqrt(squares);
    for (float &value : values)
        value = float(double(value) * scale);
}

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto loading =
        sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Required);
    if (!loading)
        return tl::unexpected(loading.error());
    auto opened = openSession(environment, hardwareOf(arguments), *loading);
    if (!opened)
        return tl::unexpected(opened.error());
    engine::Session &session = **opened;

    std::size_t number = 0;
    for (const std::string &text : readNulTexts(environment.in)) {
        ++number;
        const auto embedding = session.embed(text);
        if (!embedding)
            return failure("Text " + std::to_string(number) + ": " + embedding.error().message);
        std::vector<float> values = embedding->values;
        if (arguments.has("--normalize"))
            normalise(values);
        Json line;
        line["index"] = number - 1;
        line["tokens"] = embedding->tokens;
        line["embedding"] = values;
        environment.out << line.dump() << std::endl;
    }
    return {};
}

} // namespace

const Command &embedCommand()
{
    static const Command command{
        {"embed",
         "reads NUL-separated texts and prints a line of JSON with the embedding of each",
         {"MODEL"},
         {{"--normalize", "", "scales each embedding to length 1"}}},
        run};
    return command;
}

} // namespace alcove::cli
