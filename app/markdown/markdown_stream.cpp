#include "app/markdown/markdown_stream.h"

#include "app/markdown/block_builder.h"

#include <algorithm>

namespace alcove::markdown {

namespace {

bool isBlank(QStringView line)
{
    return std::all_of(line.begin(), line.end(), [](QChar c) { return c.isSpace(); });
}

// Length of a list marker with the space after it ("- ", "12) "), or 0.
qsizetype listMarker(QStringView line)
{
    qsizetype i = 0;
    while (i < line.size() && i < 9 && line[i].isDigit())
        ++i;
    if (i > 0) {
        if (i == line.size() || (line[i] != QLatin1Char('.') && line[i] != QLatin1Char(')')))
            return 0;
    } else if (line.isEmpty() || !QStringView(u"-*+").contains(line[0])) {
        return 0;
    }
    ++i;
    return i == line.size() || line[i] == QLatin1Char(' ') || line[i] == QLatin1Char('\t') ? i + 1
                                                                                           : 0;
}

// The line without the quotation and list marks before its text.
QStringView insideContainers(QStringView line)
{
    for (;;) {
        while (!line.isEmpty() && (line[0].isSpace() || line[0] == QLatin1Char('>')))
            line = line.mid(1);
        const qsizetype marker = listMarker(line);
        if (marker == 0 || marker >= line.size())
            return line;
        line = line.mid(marker);
    }
}

} // namespace

void MarkdownStream::setText(const QString &text)
{
    *this = {};
    m_text = text;
    m_blocks = blocksOf(m_text);
}

void MarkdownStream::append(const QString &text)
{
    m_text += text;
    scanLines();
    m_blocks.resize(m_stableBlocks);
    m_blocks += blocksOf(m_text.mid(m_stableEnd));
}

void MarkdownStream::finish()
{
    m_blocks = blocksOf(m_text);
    m_stableBlocks = 0;
    m_stableEnd = 0;
    m_scanned = 0;
    m_afterBlank = false;
    m_fence = {};
}

// Looks for lines that begin a block of their own at the top level: after an empty line, outside a
// fence, not indented and no list item, so no rule of Markdown can join them with what is above.
void MarkdownStream::scanLines()
{
    qsizetype boundary = m_stableEnd;
    for (;;) {
        const qsizetype end = m_text.indexOf(QLatin1Char('\n'), m_scanned);
        if (end < 0)
            break;
        const QStringView line = QStringView(m_text).mid(m_scanned, end - m_scanned);
        const bool outermost = !line.isEmpty() && !line[0].isSpace() && line[0] != QLatin1Char('>')
            && listMarker(line) == 0;
        if (!m_fence.isNull() && m_fenceNested && outermost && m_afterBlank)
            m_fence = {}; // the list or quotation ended, and the fence with it
        if (m_fence.isNull() && m_afterBlank && outermost)
            boundary = m_scanned;

        const QStringView inner = insideContainers(line);
        const QChar first = inner.isEmpty() ? QChar() : inner[0];
        if (first == QLatin1Char('`') || first == QLatin1Char('~')) {
            qsizetype length = 0;
            while (length < inner.size() && inner[length] == first)
                ++length;
            const QStringView rest = inner.mid(length);
            if (m_fence.isNull()) {
                if (length >= 3 && !(first == QLatin1Char('`') && rest.contains(first))) {
                    m_fence = first;
                    m_fenceLength = length;
                    m_fenceNested = inner.size() != line.size();
                }
            } else if (first == m_fence && length >= m_fenceLength && isBlank(rest)) {
                m_fence = {};
            }
        }
        m_afterBlank = isBlank(line);
        m_scanned = end + 1;
    }
    if (boundary == m_stableEnd)
        return;
    m_blocks.resize(m_stableBlocks);
    m_blocks += blocksOf(m_text.mid(m_stableEnd, boundary - m_stableEnd));
    m_stableBlocks = m_blocks.size();
    m_stableEnd = boundary;
}

} // namespace alcove::markdown
