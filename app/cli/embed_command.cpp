#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/nul_texts.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace alcove::cli {

namespace {

constexpr std::size_t kTogether = 64; // texts

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

    // Some at a time, so that the first results do not wait for the last text.
    const std::vector<std::string> texts = readNulTexts(environment.in);
    for (std::size_t first = 0; first < texts.size(); first += kTogether) {
        const auto part =
            std::span(texts).subspan(first, std::min(kTogether, texts.size() - first));
        const auto embeddings = session.embedAll(part);
        for (std::size_t i = 0; i < embeddings.size(); ++i) {
            if (!embeddings[i])
                return failure("Text " + std::to_string(first + i + 1) + ": "
                               + embeddings[i].error().message);
            std::vector<float> values = embeddings[i]->values;
            if (arguments.has("--normalize"))
                normalise(values);
            Json line;
            line["index"] = first + i;
            line["tokens"] = embeddings[i]->tokens;
            line["embedding"] = values;
            environment.out << line.dump() << "\n";
        }
        environment.out << std::flush;
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
