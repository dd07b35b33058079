// One case for a chat template: what `render TEMPLATE.jinja CASE.json` of the command line runs.
//
// Any thread. Fails with the errors of ChatTemplate, and InvalidArgument for a case that is none.
#pragma once

#include "core/llm/chat_template.h"

namespace alcove::llm {

// `caseFile`: an object with messages (required, an array), tools, add_generation_prompt,
// bos_token, eos_token, now, and any other variables of the template.
Result<std::string> renderCase(const std::string &templateSource, const Json &caseFile);

} // namespace alcove::llm
