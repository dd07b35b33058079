#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "core/llm/inspect.h"

namespace alcove::cli {

namespace {

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto loading =
        sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Optional);
    if (!loading)
        return tl::unexpected(loading.error());
    llm::InspectOptions options;
    options.executor = loading->executor;
    const auto report = llm::inspectModel(loading->modelPath, options);
    if (!report)
        return failure(report.error());
    if (arguments.has("--json"))
        printJson(environment.out, report->toJson());
    else
        environment.out << report->toText();
    return {};
}

} // namespace

const Command &inspectCommand()
{
    static const Command command{
        {"inspect",
         "shows what a model file holds, and the memory it needs at a --context",
         {"MODEL"},
         {{"--json", "", "as JSON"}}},
        run};
    return command;
}

} // namespace alcove::cli
