#include "core/documents/chunker.h"

#include "core/llm/utf8.h"

#include <QString>
#include <QTextBoundaryFinder>

#include <algorithm>
#include <array>

namespace alcove::documents {

namespace {

// What is not cut any further.
struct Atom {
    std::size_t begin = 0; // bytes of the document's whole text
    std::size_t end = 0;
    std::size_t tokens = 0;
    std::size_t block = 0;
};

std::uint64_t codePoints(std::string_view text)
{
    return std::uint64_t(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

// Ends of the parts that Unicode's rules cut `text` into, in bytes.
std::vector<std::size_t> boundaries(std::string_view text, QTextBoundaryFinder::BoundaryType type)
{
    const QString wide = QString::fromUtf8(text.data(), qsizetype(text.size()));
    QTextBoundaryFinder finder(type, wide);
    std::vector<std::size_t> ends;
    qsizetype last = 0;
    std::size_t bytes = 0;
    while (finder.toNextBoundary() >= 0) {
        const qsizetype at = finder.position();
        bytes += std::size_t(QStringView(wide).mid(last, at - last).toUtf8().size());
        ends.push_back(std::min(bytes, text.size()));
        last = at;
    }
    if (ends.empty() || ends.back() < text.size())
        ends.push_back(text.size());
    return ends;
}

std::vector<std::size_t> lineEnds(std::string_view text)
{
    std::vector<std::size_t> ends;
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1))
        ends.push_back(at + 1);
    if (ends.empty() || ends.back() < text.size())
        ends.push_back(text.size());
    return ends;
}

class Chunker
{
public:
    Chunker(const DocumentText &document, const ChunkOptions &options, const TokenCounter &count)
        : m_document(document), m_options(options), m_count(count)
    {
        for (const Page &page : document.pages) {
            m_pageBegin.push_back(m_text.size());
            m_text += page.text;
        }
    }

    std::vector<Passage> run()
    {
        for (std::size_t i = 0; i < m_document.blocks.size(); ++i)
            addBlock(i);
        flush(Overlap::None);
        return std::move(m_passages);
    }

private:
    enum class Overlap { None, Some };

    std::size_t begin(const Block &block) const { return m_pageBegin[block.page] + block.begin; }
    std::size_t end(const Block &block) const { return m_pageBegin[block.page] + block.end; }
    std::string_view text(std::size_t from, std::size_t to) const
    {
        return std::string_view(m_text).substr(from, to - from);
    }

    void addBlock(std::size_t index)
    {
        const Block &block = m_document.blocks[index];
        const bool row = block.kind == BlockKind::TableRow;
        // Slides and sheets stand each for itself; a text goes on from page to page.
        if (!m_atoms.empty() && m_document.pageKind != PageKind::Page
            && m_document.blocks[m_atoms.back().block].page != block.page)
            flush(Overlap::None);
        if (row && block.header) {
            m_columns = std::string(text(begin(block), end(block)));
            m_columnsBegin = begin(block);
        } else if (!row) {
            m_columns.clear();
        }
        if (block.kind == BlockKind::Heading) {
            // A heading belongs to what follows it. Headings that follow each other stay together.
            if (!m_atoms.empty() && !onlyHeadings())
                flush(Overlap::None);
            enter(block);
        }
        const std::size_t tokens = m_count(text(begin(block), end(block)));
        if (tokens <= m_options.tokens) {
            add({begin(block), end(block), tokens, index});
            return;
        }
        for (const Atom &atom : parts(begin(block), end(block), index))
            add(atom);
    }

    bool onlyHeadings() const
    {
        return std::all_of(m_atoms.begin(), m_atoms.end(), [&](const Atom &atom) {
            return m_document.blocks[atom.block].kind == BlockKind::Heading;
        });
    }

    // A block that is too long, in sentences (code: lines); what still is, in words.
    std::vector<Atom> parts(std::size_t from, std::size_t to, std::size_t block) const
    {
        const std::string_view whole = text(from, to);
        const bool code = m_document.blocks[block].kind == BlockKind::Code;
        std::vector<Atom> atoms;
        std::size_t last = 0;
        for (const std::size_t end :
             code ? lineEnds(whole) : boundaries(whole, QTextBoundaryFinder::Sentence)) {
            const std::string_view part = whole.substr(last, end - last);
            const std::size_t tokens = m_count(part);
            if (tokens <= m_options.tokens)
                push(atoms, {from + last, from + end, tokens, block});
            else
                for (const Atom &atom : words(from + last, from + end, block))
                    push(atoms, atom);
            last = end;
        }
        return atoms;
    }

    std::vector<Atom> words(std::size_t from, std::size_t to, std::size_t block) const
    {
        const std::string_view whole = text(from, to);
        // No cut is further from the next than this, whatever the rules say about a text without
        // spaces.
        const std::size_t most = std::max<std::size_t>(m_options.tokens, 4);
        std::vector<Atom> atoms;
        std::size_t first = 0;
        std::size_t last = 0;
        for (const std::size_t end : boundaries(whole, QTextBoundaryFinder::Word)) {
            if (end > first && end - first > most && last > first) {
                push(
                    atoms,
                    {from + first, from + last, m_count(whole.substr(first, last - first)), block});
                first = last;
            }
            while (end - first > 4 * most) { // one "word" that is longer than a passage
                std::size_t cut = first + 4 * most;
                while (cut > first && (static_cast<unsigned char>(whole[cut]) & 0xC0) == 0x80)
                    --cut;
                push(atoms,
                     {from + first, from + cut, m_count(whole.substr(first, cut - first)), block});
                first = cut;
            }
            last = end;
        }
        if (first < whole.size())
            push(atoms, {from + first, to, m_count(whole.substr(first)), block});
        return atoms;
    }

    // White space at an atom's ends is between atoms, not in them.
    void push(std::vector<Atom> &atoms, Atom atom) const
    {
        const auto space = [&](std::size_t at) {
            return m_text[at] == ' ' || m_text[at] == '\n' || m_text[at] == '\t';
        };
        // A line of code keeps its indent.
        const bool code = m_document.blocks[atom.block].kind == BlockKind::Code;
        while (!code && atom.begin < atom.end && space(atom.begin))
            ++atom.begin;
        while (atom.end > atom.begin && space(atom.end - 1))
            --atom.end;
        if (atom.begin < atom.end)
            atoms.push_back(atom);
    }

    void enter(const Block &heading)
    {
        const int level = std::clamp(int(heading.level), 1, int(m_headings.size()));
        m_headings[std::size_t(level - 1)] = std::string(text(begin(heading), end(heading)));
        for (std::size_t i = std::size_t(level); i < m_headings.size(); ++i)
            m_headings[i].clear();
    }

    void add(const Atom &atom)
    {
        if (!m_atoms.empty() && m_tokens + atom.tokens > m_options.tokens)
            flush(m_document.blocks[atom.block].kind == BlockKind::TableRow ? Overlap::None
                                                                            : Overlap::Some);
        // What was carried over may leave too little room.
        while (!m_atoms.empty() && m_carried == m_atoms.size()
               && m_tokens + atom.tokens > m_options.tokens) {
            m_tokens -= m_atoms.front().tokens;
            m_atoms.erase(m_atoms.begin());
            --m_carried;
        }
        m_atoms.push_back(atom);
        m_tokens += atom.tokens;
    }

    void flush(Overlap overlap)
    {
        if (m_atoms.size() > m_carried)
            emitPassage();
        std::vector<Atom> kept;
        std::size_t tokens = 0;
        if (overlap == Overlap::Some) {
            for (std::size_t i = m_atoms.size(); i-- > 1;) { // never the whole passage
                if (tokens + m_atoms[i].tokens > m_options.overlap)
                    break;
                tokens += m_atoms[i].tokens;
                kept.insert(kept.begin(), m_atoms[i]);
            }
        }
        m_atoms = std::move(kept);
        m_carried = m_atoms.size();
        m_tokens = tokens;
    }

    void emitPassage()
    {
        Passage passage;
        const std::size_t from = m_atoms.front().begin;
        const std::size_t to = m_atoms.back().end;
        m_points += codePoints(text(std::min(from, m_pointsAt), std::max(from, m_pointsAt)))
            * (from >= m_pointsAt ? 1 : std::uint64_t(-1));
        m_pointsAt = from;
        passage.text = std::string(text(from, to));
        passage.begin = m_points;
        passage.end = m_points + codePoints(passage.text);
        passage.page = m_document.blocks[m_atoms.front().block].page;
        for (const std::string &heading : m_headings) {
            if (heading.empty())
                continue;
            passage.heading += passage.heading.empty() ? "" : " > ";
            passage.heading += heading;
        }
        if (m_document.blocks[m_atoms.back().block].kind == BlockKind::TableRow
            && !m_columns.empty() && from > m_columnsBegin)
            passage.columns = m_columns;
        m_passages.push_back(std::move(passage));
    }

    const DocumentText &m_document;
    const ChunkOptions &m_options;
    const TokenCounter &m_count;
    std::string m_text;
    std::vector<std::size_t> m_pageBegin;
    std::array<std::string, 6> m_headings; // those that the place read stands under
    std::string m_columns;
    std::size_t m_columnsBegin = 0;
    std::vector<Atom> m_atoms; // of the passage that is growing
    std::size_t m_carried = 0; // of these: shared with the passage before
    std::size_t m_tokens = 0;
    std::uint64_t m_points = 0; // code points before the byte m_pointsAt
    std::size_t m_pointsAt = 0;
    std::vector<Passage> m_passages;
};

} // namespace

std::size_t estimatedTokens(std::string_view text)
{
    std::size_t quarters = 0;
    while (!text.empty()) {
        const llm::Utf8Step step = llm::nextUtf8(text);
        quarters += step.codePoint < 0x250 ? 1 : step.codePoint < 0x2E80 ? 2 : 4;
        text.remove_prefix(step.length);
    }
    return (quarters + 3) / 4;
}

std::vector<Passage> passagesOf(const DocumentText &document, const ChunkOptions &options,
                                const TokenCounter &count)
{
    return Chunker(document, options, count).run();
}

} // namespace alcove::documents
