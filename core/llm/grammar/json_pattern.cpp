#include "core/llm/grammar/json_pattern.h"

#include "core/llm/display_text.h"
#include "core/llm/grammar/grammar.h"
#include "core/llm/grammar/json_text_grammar.h"
#include "core/llm/utf8.h"

#include <algorithm>

#include <optional>
#include <vector>

namespace alcove::llm {

namespace {

using Ranges = std::vector<CodePointSet::Range>;

constexpr int kMaxGroups = 40; // one in the other
constexpr std::uint32_t kMaxRepeats = 10'000;

const CodePointSet &digits()
{
    static const CodePointSet set({{'0', '9'}});
    return set;
}

const CodePointSet &wordCharacters()
{
    static const CodePointSet set({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
    return set;
}

// WhiteSpace and LineTerminator of ECMA 262.
const CodePointSet &spaces()
{
    static const CodePointSet set({{0x09, 0x0D},
                                   {0x20, 0x20},
                                   {0xA0, 0xA0},
                                   {0x1680, 0x1680},
                                   {0x2000, 0x200A},
                                   {0x2028, 0x2029},
                                   {0x202F, 0x202F},
                                   {0x205F, 0x205F},
                                   {0x3000, 0x3000},
                                   {0xFEFF, 0xFEFF}});
    return set;
}

const CodePointSet &dot()
{
    static const CodePointSet set =
        CodePointSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}).complement();
    return set;
}

class Reader
{
public:
    explicit Reader(std::string_view pattern) : m_pattern(pattern) { }

    Result<std::string> run()
    {
        std::string text = readAlternatives(0);
        if (!m_error && m_at < m_pattern.size())
            wrong("has a ')' too many");
        if (m_error)
            return fail(*m_error);
        return text;
    }

private:
    void refuse(ErrorCode code, const std::string &what)
    {
        if (!m_error)
            m_error = Error{code, "The pattern '" + displayText(m_pattern) + "' " + what + ".", {}};
        m_at = m_pattern.size();
    }
    void wrong(const std::string &what) { refuse(ErrorCode::InvalidArgument, what); }
    void unsupported(const std::string &what)
    {
        refuse(ErrorCode::Unsupported, "uses " + what + ", which is not supported");
    }

    bool atEnd() const { return m_at >= m_pattern.size(); }
    char peek(std::size_t ahead = 0) const
    {
        return m_at + ahead < m_pattern.size() ? m_pattern[m_at + ahead] : '\0';
    }
    bool take(std::string_view what)
    {
        if (m_pattern.substr(m_at, what.size()) != what)
            return false;
        m_at += what.size();
        return true;
    }

    std::string readAlternatives(int depth)
    {
        std::string text = "(";
        do
            text += (text.size() > 1 ? " | " : "") + readAlternative(depth);
        while (!m_error && take("|"));
        return text + ")";
    }

    std::string readAlternative(int depth)
    {
        std::string text = "\"\"";
        // Without ^ and $ a pattern may match anywhere in the string.
        if (depth == 0 && !take("^"))
            text += " char*";
        bool ended = false;
        while (!m_error && !atEnd() && peek() != '|' && peek() != ')') {
            if (depth == 0 && peek() == '$' && (m_at + 1 == m_pattern.size() || peek(1) == '|')) {
                ++m_at;
                ended = true;
                break;
            }
            const std::string atom = readAtom(depth);
            text += " " + atom + readQuantifier();
            if (text.size() > kMaxGrammarBytes)
                wrong("is too large");
        }
        if (depth == 0 && !ended)
            text += " char*";
        return text;
    }

    std::string readAtom(int depth)
    {
        switch (peek()) {
        case '(':
            return readGroup(depth);
        case '[':
            return jsonCharacters(readClass());
        case '.':
            ++m_at;
            return jsonCharacters(dot());
        case '^':
        case '$':
            unsupported("'^' or '$' inside");
            return {};
        case '*':
        case '+':
        case '?':
            wrong("repeats nothing");
            return {};
        case '\\':
            return jsonCharacters(readEscape(InClass::No));
        default:
            break;
        }
        const char32_t c = readCharacter();
        return jsonCharacters(CodePointSet({{c, c}}));
    }

    std::string readGroup(int depth)
    {
        ++m_at;
        if (depth >= kMaxGroups) {
            wrong("nests its groups too deeply");
            return {};
        }
        if (take("?=") || take("?!") || take("?<=") || take("?<!")) {
            unsupported("look-around");
            return {};
        }
        if (take("?<")) {
            m_at = std::min(m_pattern.find('>', m_at), m_pattern.size());
            if (!take(">"))
                wrong("has a group whose name does not end");
        } else if (!take("?:") && peek() == '?') {
            unsupported("a group of an unknown kind");
        }
        std::string text = readAlternatives(depth + 1);
        if (!m_error && !take(")"))
            wrong("has a group that does not end");
        return text;
    }

    std::string readQuantifier()
    {
        std::string text;
        if (take("*"))
            text = "*";
        else if (take("+"))
            text = "+";
        else if (take("?"))
            text = "?";
        else if (peek() == '{')
            text = readBounds();
        if (!text.empty())
            take("?"); // shortest first: the same texts
        return text;
    }

    std::string readBounds()
    {
        ++m_at;
        const auto least = readCount();
        std::string text;
        if (!least) {
            wrong("has a '{' that is no quantifier");
            return {};
        }
        text = "{" + std::to_string(*least);
        if (take(",")) {
            const auto most = readCount();
            text += "," + (most ? std::to_string(*most) : std::string());
            if (most && *most < *least)
                wrong("has a quantifier whose numbers are out of order");
        }
        if (!take("}"))
            wrong("has a '{' that is no quantifier");
        return text + "}";
    }

    std::optional<std::uint32_t> readCount()
    {
        const std::size_t start = m_at;
        std::uint32_t count = 0;
        while (peek() >= '0' && peek() <= '9') {
            count = count * 10 + std::uint32_t(peek() - '0');
            ++m_at;
            if (count > kMaxRepeats) {
                wrong("repeats too often");
                return std::nullopt;
            }
        }
        return m_at == start ? std::nullopt : std::optional(count);
    }

    char32_t readCharacter()
    {
        const Utf8Step step = nextUtf8(m_pattern.substr(m_at));
        if (step.kind != Utf8Kind::Character) {
            wrong("is not UTF-8");
            return 0;
        }
        m_at += step.length;
        return step.codePoint;
    }

    enum class InClass { No, Yes };

    CodePointSet readEscape(InClass inClass)
    {
        ++m_at; // the backslash
        if (atEnd()) {
            wrong("ends with a backslash");
            return CodePointSet::all();
        }
        const auto one = [](char32_t c) { return CodePointSet({{c, c}}); };
        const char kind = peek();
        if ((kind >= '1' && kind <= '9') || kind == 'k') {
            unsupported("a back reference");
            return CodePointSet::all();
        }
        if (kind == 'p' || kind == 'P') {
            unsupported("a Unicode property (\\p)");
            return CodePointSet::all();
        }
        if (kind == 'B' || (kind == 'b' && inClass == InClass::No)) {
            unsupported("a word boundary (\\b)");
            return CodePointSet::all();
        }
        switch (kind) {
        case 'd':
            ++m_at;
            return digits();
        case 'D':
            ++m_at;
            return digits().complement();
        case 'w':
            ++m_at;
            return wordCharacters();
        case 'W':
            ++m_at;
            return wordCharacters().complement();
        case 's':
            ++m_at;
            return spaces();
        case 'S':
            ++m_at;
            return spaces().complement();
        case 'b':
            ++m_at;
            return one('\b');
        case 'f':
            ++m_at;
            return one('\f');
        case 'n':
            ++m_at;
            return one('\n');
        case 'r':
            ++m_at;
            return one('\r');
        case 't':
            ++m_at;
            return one('\t');
        case 'v':
            ++m_at;
            return one('\v');
        case '0':
            ++m_at;
            return one(0);
        case 'x':
            ++m_at;
            return one(readHex(2));
        case 'u':
            ++m_at;
            return one(readHex(4));
        default:
            break;
        }
        if ((kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z')) {
            unsupported(std::string("the escape \\") + kind);
            return CodePointSet::all();
        }
        return one(readCharacter());
    }

    char32_t readHex(int count)
    {
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i) {
            const char c = peek();
            const std::string_view kDigits = "0123456789abcdef";
            const std::size_t digit = kDigits.find(c >= 'A' && c <= 'F' ? char(c - 'A' + 'a') : c);
            if (atEnd() || digit == std::string_view::npos) {
                wrong("has an escape with too few digits");
                return 0;
            }
            value = value << 4 | std::uint32_t(digit);
            ++m_at;
        }
        if (value >= 0xD800 && value <= 0xDFFF)
            unsupported("half of a surrogate pair");
        return value;
    }

    CodePointSet readClass()
    {
        ++m_at;
        const bool negated = take("^");
        Ranges ranges;
        while (!m_error && !take("]")) {
            if (atEnd()) {
                wrong("has a class that does not end");
                break;
            }
            const CodePointSet first = readClassPart();
            const bool single = isOne(first);
            if (single && peek() == '-' && peek(1) != ']') {
                ++m_at;
                const CodePointSet last = readClassPart();
                if (m_error)
                    break;
                if (!isOne(last) || last.ranges()[0].first < first.ranges()[0].first) {
                    wrong("has a range that is none");
                    break;
                }
                ranges.emplace_back(first.ranges()[0].first, last.ranges()[0].first);
            } else {
                ranges.insert(ranges.end(), first.ranges().begin(), first.ranges().end());
            }
        }
        CodePointSet set(std::move(ranges));
        if (negated)
            set = set.complement();
        if (!m_error && set.ranges().empty())
            wrong("has a class that matches nothing");
        return m_error ? CodePointSet::all() : set;
    }

    static bool isOne(const CodePointSet &set)
    {
        return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].second;
    }

    CodePointSet readClassPart()
    {
        if (atEnd()) {
            wrong("has a class that does not end");
            return CodePointSet::all();
        }
        if (peek() == '\\')
            return readEscape(InClass::Yes);
        const char32_t c = readCharacter();
        return CodePointSet({{c, c}});
    }

    std::string_view m_pattern;
    std::size_t m_at = 0;
    std::optional<Error> m_error;
};

} // namespace

Result<std::string> jsonPattern(std::string_view pattern)
{
    return Reader(pattern).run();
}

} // namespace alcove::llm
