// The filter that wraps lines, as Jinja has Python's textwrap do it.
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/text.h"

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

// A paragraph cut into the pieces between which a line may end.
class Paragraph
{
public:
    enum class Hyphens { Keep, Break };

    struct Chunk {
        std::size_t begin = 0; // a character
        std::size_t size = 0; // in characters
    };

    Paragraph(Heap &heap, std::string_view text) : m_text(text)
    {
        const std::size_t count = codePointCount(text);
        heap.charge(count * (sizeof(std::uint32_t) + 1 + sizeof(Chunk)) + 64);
        heap.work(text.size() * 4);
        m_offsets.reserve(count + 1);
        m_classes.reserve(count);
        for (std::size_t at = 0; at < text.size();) {
            m_offsets.push_back(std::uint32_t(at));
            const char32_t c = nextCodePoint(text, at);
            m_classes.push_back(classOf(c, text.substr(m_offsets.back(), at - m_offsets.back())));
        }
        m_offsets.push_back(std::uint32_t(text.size()));
    }

    std::string_view text(const Chunk &chunk) const
    {
        const std::size_t begin = m_offsets[chunk.begin];
        return m_text.substr(begin, m_offsets[chunk.begin + chunk.size] - begin);
    }
    bool blank(const Chunk &chunk) const
    {
        for (std::size_t i = 0; i < chunk.size; ++i) {
            if (!is(chunk.begin + i, kAnySpace))
                return false;
        }
        return true;
    }
    bool hyphen(std::size_t at) const { return is(at, kHyphen); }

    std::vector<Chunk> chunks(Hyphens hyphens) const
    {
        std::vector<Chunk> out;
        for (std::size_t at = 0; at < size();) {
            const std::size_t begin = at;
            if (is(at, kSpace)) {
                while (is(at, kSpace))
                    ++at;
            } else if (hyphens == Hyphens::Keep) {
                while (at < size() && !is(at, kSpace))
                    ++at;
            } else if (const std::size_t dashes = dashAt(at)) {
                at += dashes;
            } else {
                at = endOfWord(at);
            }
            out.push_back({begin, at - begin});
        }
        return out;
    }

private:
    enum Class : std::uint8_t {
        kSpace = 1, // where textwrap ends a word
        kAnySpace = 2, // what strip() removes
        kHyphen = 4,
        kWord = 8,
        kLetter = 16,
        kBeforeDash = 32,
    };

    static std::uint8_t classOf(char32_t c, std::string_view text)
    {
        int all = 0;
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            all |= kSpace;
        if (isSpace(c))
            all |= kAnySpace;
        if (c == '-')
            all |= kHyphen;
        if (c == '_' || allOf(text, CharacterClass::Alnum)) {
            all |= kWord | kBeforeDash;
            if (!allOf(text, CharacterClass::Decimal))
                all |= kLetter;
        }
        if (c < 0x80 && std::string_view("!\"'&.,?").find(char(c)) != std::string_view::npos)
            all |= kBeforeDash;
        return std::uint8_t(all);
    }

    std::size_t size() const { return m_classes.size(); }
    bool is(std::size_t at, Class wanted) const
    {
        return at < size() && (m_classes[at] & wanted) != 0;
    }

    // The length of a dash of two hyphens and more that stands between words.
    std::size_t dashAt(std::size_t at) const
    {
        if (at == 0 || !is(at - 1, kBeforeDash))
            return 0;
        std::size_t end = at;
        while (is(end, kHyphen))
            ++end;
        return end - at >= 2 && is(end, kWord) ? end - at : 0;
    }

    // Behind the hyphen of a compound ("goof-ball", "e-mail-box"), before a dash, or at white
    // space.
    std::size_t endOfWord(std::size_t begin) const
    {
        for (std::size_t at = begin + 1;; ++at) {
            const bool letters = at >= 2 && is(at - 1, kLetter)
                && (is(at - 2, kLetter) || (at >= 3 && is(at - 2, kHyphen) && is(at - 3, kLetter)));
            if (is(at, kHyphen) && letters && is(at + 1, kLetter)
                && (is(at + 2, kLetter) || (is(at + 2, kHyphen) && is(at + 3, kLetter))))
                return at + 1;
            if (at == size() || is(at, kSpace) || dashAt(at) > 0)
                return at;
        }
    }

    std::string_view m_text;
    std::vector<std::uint32_t> m_offsets; // of each character, and the end
    std::vector<std::uint8_t> m_classes;
};

struct WrapStyle {
    std::size_t width = 79;
    bool breakWords = true;
    bool breakAtHyphens = true; // inside words that are too long
    Paragraph::Hyphens hyphens = Paragraph::Hyphens::Break;
    std::string_view lineEnd = "\n";
};

// How much of a chunk that no line has room for goes onto this one.
std::size_t cutOf(const Paragraph &paragraph, const Paragraph::Chunk &chunk, std::size_t room,
                  const WrapStyle &style)
{
    if (!style.breakAtHyphens || chunk.size <= room)
        return std::min(room, chunk.size);
    for (std::size_t i = room; i-- > 1;) {
        if (!paragraph.hyphen(chunk.begin + i))
            continue;
        for (std::size_t before = 0; before < i; ++before) {
            if (!paragraph.hyphen(chunk.begin + before))
                return i + 1;
        }
        break;
    }
    return room;
}

// Appends the lines of one paragraph.
void wrapParagraph(Heap &heap, std::string_view text, const WrapStyle &style, std::string &out)
{
    const Paragraph paragraph(heap, text);
    std::vector<Paragraph::Chunk> chunks = paragraph.chunks(style.hyphens);
    std::reverse(chunks.begin(), chunks.end());
    bool first = true;
    std::vector<Paragraph::Chunk> line;
    while (!chunks.empty()) {
        heap.step();
        line.clear();
        std::size_t length = 0;
        if (!first && paragraph.blank(chunks.back()))
            chunks.pop_back();
        while (!chunks.empty() && length + chunks.back().size <= style.width) {
            length += chunks.back().size;
            line.push_back(chunks.back());
            chunks.pop_back();
        }
        if (!chunks.empty() && chunks.back().size > style.width) {
            Paragraph::Chunk &next = chunks.back();
            if (style.breakWords) {
                const std::size_t cut = cutOf(paragraph, next, style.width - length, style);
                heap.work(style.width - length);
                line.push_back({next.begin, cut});
                next = {next.begin + cut, next.size - cut};
            } else if (line.empty()) {
                line.push_back(next);
                chunks.pop_back();
            }
        }
        if (!line.empty() && paragraph.blank(line.back()))
            line.pop_back();
        if (line.empty())
            continue;
        const std::size_t before = out.size();
        if (!first) {
            heap.charge(style.lineEnd.size());
            out += style.lineEnd;
        }
        first = false;
        for (const Paragraph::Chunk &chunk : line)
            out += paragraph.text(chunk);
        heap.work(out.size() - before);
    }
}

Value wordWrap(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("wordwrap", arguments,
                          {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
    requireDefined(value);
    if (!value.is(Kind::String))
        raise(std::string("wordwrap needs a string, not ") + typeName(value));
    WrapStyle style;
    const std::int64_t width = given.integer(0, 79);
    style.breakWords = given.truth(1, true);
    style.breakAtHyphens = given.truth(3, true);
    // Only `true` itself, as in Python's textwrap.
    const Value hyphens = given.value(3, boolean(true));
    style.hyphens = hyphens.is(Kind::Bool) && hyphens.boolean ? Paragraph::Hyphens::Break
                                                              : Paragraph::Hyphens::Keep;
    if (const String *lineEnd = given.string(2))
        style.lineEnd = lineEnd->text;
    const std::string_view text = value.text();
    heap.charge(text.size() * (sizeof(std::string_view) + 1));
    heap.work(text.size());
    const auto lines = splitLines(text, LineEnds::Drop);
    if (width <= 0 && !lines.empty())
        raise("invalid width " + std::to_string(width) + " (must be > 0)");
    // No line is longer than the text.
    style.width = std::min(std::size_t(std::max<std::int64_t>(width, 1)), text.size() + 1);
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) {
            heap.charge(style.lineEnd.size());
            heap.work(style.lineEnd.size());
            out += style.lineEnd;
        }
        wrapParagraph(heap, lines[i], style, out);
    }
    return heap.string(std::move(out));
}

constexpr Filter kWrapFilters[] = {{"wordwrap", wordWrap}};

} // namespace

std::span<const Filter> wrapFilters()
{
    return kWrapFilters;
}

} // namespace alcove::llm::jinja
