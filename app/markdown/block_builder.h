// Markdown text to blocks, by md4c with CommonMark rules, tables, task lists, strikethrough and
// bare web addresses. HTML is text like any other. Pictures become links to them. Any thread; never
// fails: what cannot be taken apart within bounds comes as one plain paragraph.
#pragma once

#include "app/markdown/block.h"

namespace alcove::markdown {

QVector<Block> blocksOf(const QString &text);

// Text as it was typed, line breaks and spaces kept: what the user wrote is not Markdown.
QString plainMarkup(const QString &text);

} // namespace alcove::markdown
