// MarkdownStream: the blocks of a text that grows at its end.
//
// Finished parts are taken apart once: only what follows the last place where a block must have
// ended is parsed again when text comes. finish() parses the whole once more, for what only then is
// known (link definitions at the end). Any one thread; never fails.
#pragma once

#include "app/markdown/block.h"

namespace alcove::markdown {

class MarkdownStream
{
public:
    void setText(const QString &text); // a whole text; nothing is expected to follow
    void append(const QString &text);
    void finish();

    const QString &text() const { return m_text; }
    const QVector<Block> &blocks() const { return m_blocks; }

private:
    void scanLines();

    QString m_text;
    QVector<Block> m_blocks;
    qsizetype m_stableBlocks = 0; // of m_blocks, which text to come cannot change
    qsizetype m_stableEnd = 0; // of m_text, where they end
    qsizetype m_scanned = 0; // start of the first line not looked at
    bool m_afterBlank = false;
    QChar m_fence; // null: not inside a fence
    qsizetype m_fenceLength = 0;
    bool m_fenceNested = false; // inside a list or a quotation
};

} // namespace alcove::markdown
