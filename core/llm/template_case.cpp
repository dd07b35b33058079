#include "core/llm/template_case.h"

namespace alcove::llm {

Result<std::string> renderCase(const std::string &templateSource, const Json &caseFile)
{
    if (!caseFile.is_object()) {
        return fail(ErrorCode::InvalidArgument,
                    "A template's case is a JSON object with \"messages\" and other variables.");
    }
    const auto messages = caseFile.find("messages");
    if (messages == caseFile.end() || !messages->is_array()) {
        return fail(ErrorCode::InvalidArgument,
                    "A template's case needs \"messages\", an array of objects.");
    }
    auto parsed = ChatTemplate::parse(templateSource);
    if (!parsed)
        return fail(parsed.error());
    return parsed->render(caseFile);
}

} // namespace alcove::llm
