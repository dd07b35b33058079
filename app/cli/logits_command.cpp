#include "app/cli/command.h"
#include "app/cli/model_options.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <numeric>

namespace alcove::cli {

namespace {

// Little-endian float32, whatever the machine's own order is.
void writeFloats(std::ostream &out, std::span<const float> values)
{
    if constexpr (std::endian::native == std::endian::little) {
        out.write(reinterpret_cast<const char *>(values.data()),
                  std::streamsize(values.size_bytes()));
    } else {
        for (const float value : values) {
            const auto bits = std::bit_cast<std::uint32_t>(value);
            for (int shift = 0; shift < 32; shift += 8)
                out.put(char((bits >> shift) & 0xff));
        }
    }
}

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto tokenText = arguments.required("--tokens");
    if (!tokenText)
        return tl::unexpected(tokenText.error());
    const auto outPath = arguments.required("--out");
    if (!outPath)
        return tl::unexpected(outPath.error());
    const auto ids = integerList("--tokens", *tokenText);
    if (!ids)
        return tl::unexpected(ids.error());
    std::vector<std::uint32_t> pieces{std::uint32_t(ids->size())};
    if (const auto split = arguments.value("--split")) {
        auto given = integerList("--split", *split);
        if (!given)
            return tl::unexpected(given.error());
        pieces = std::move(*given);
        const auto sum = std::accumulate(pieces.begin(), pieces.end(), std::uint64_t(0));
        if (sum != ids->size())
            return usageFailure("The pieces of --split add up to " + std::to_string(sum)
                                + ", but there are " + std::to_string(ids->size()) + " tokens.");
        if (std::find(pieces.begin(), pieces.end(), 0u) != pieces.end())
            return usageFailure("A piece of --split must hold at least one token.");
    }

    auto options = sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Optional);
    if (!options)
        return tl::unexpected(options.error());
    if (options->executor.contextLength == 0 && ids->size() > 512)
        options->executor.contextLength = std::uint32_t(ids->size());
    auto session = openSession(environment, hardwareOf(arguments), *options);
    if (!session)
        return tl::unexpected(session.error());

    const std::vector<llm::Token> tokens(ids->begin(), ids->end());
    std::ofstream file(std::filesystem::path(reinterpret_cast<const char8_t *>(outPath->c_str())),
                       std::ios::binary | std::ios::trunc);
    if (!file)
        return failure("The file " + *outPath + " could not be opened for writing.");
    const Result<> done =
        (*session)->logits(tokens, pieces, [&](std::span<const float> rows) -> Result<> {
            writeFloats(file, rows);
            if (!file)
                return fail(ErrorCode::Io, "The file " + *outPath + " could not be written.");
            return {};
        });
    file.close();
    if (!done || !file) {
        std::error_code ignored; // half a result must not be taken for a whole one
        std::filesystem::remove(
            std::filesystem::path(reinterpret_cast<const char8_t *>(outPath->c_str())), ignored);
        return done ? failure("The file " + *outPath + " could not be written.")
                    : failure(done.error());
    }
    return {};
}

} // namespace

const Command &logitsCommand()
{
    static const Command command{
        {"logits",
         "writes the logits after every token, little-endian float32 [tokens][vocabulary]; of an "
         "encoder the mean of its vectors, [width]",
         {"MODEL"},
         {{"--tokens", "IDS", "token ids separated by spaces"},
          {"--split", "SIZES", "feeds the tokens in pieces of these sizes, e.g. \"1,7,16\""},
          {"--out", "FILE", "where the numbers go"}}},
        run};
    return command;
}

} // namespace alcove::cli
