// A template's text as tests compare it: what it renders to, or how it fails.
#pragma once

#include "core/llm/chat_template.h"

#include <QString>

namespace alcove::test {

inline QString rendered(const QString &source, const llm::Json &variables,
                        const llm::TemplateLimits &limits = {})
{
    const auto parsed = llm::ChatTemplate::parse(source.toStdString());
    if (!parsed)
        return "PARSE: " + QString::fromStdString(parsed.error().message);
    const auto text = parsed->render(variables, limits);
    return text ? QString::fromStdString(*text)
                : "RENDER: " + QString::fromStdString(text.error().message);
}

} // namespace alcove::test
