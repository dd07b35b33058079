#include "app/cli/command.h"
#include "core/base/mapped_file.h"
#include "core/llm/template_case.h"

#include <string_view>

namespace alcove::cli {

namespace {

std::string_view textOf(const MappedFile &file)
{
    return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

Outcome run(const Environment &environment)
{
    const auto templateFile = MappedFile::open(environment.arguments.positional(0));
    if (!templateFile)
        return failure(templateFile.error());
    const auto caseFile = MappedFile::open(environment.arguments.positional(1));
    if (!caseFile)
        return failure(caseFile.error());
    const Json variables = Json::parse(textOf(*caseFile), nullptr, false);
    if (variables.is_discarded())
        return failure("The file " + caseFile->path() + " is no JSON.");
    const auto text = llm::renderCase(std::string(textOf(*templateFile)), variables);
    if (!text)
        return failure(text.error());
    environment.out << *text;
    return {};
}

} // namespace

const Command &renderCommand()
{
    static const Command command{{"render",
                                  "prints what a chat template makes of a case, exactly",
                                  {"TEMPLATE.jinja", "CASE.json"},
                                  {}},
                                 run};
    return command;
}

} // namespace alcove::cli
