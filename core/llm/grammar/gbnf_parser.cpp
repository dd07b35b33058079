#include "core/llm/grammar/gbnf_parser.h"

#include "core/llm/display_text.h"
#include "core/llm/grammar/grammar.h"
#include "core/llm/utf8.h"

#include <algorithm>
#include <optional>

namespace alcove::llm {

namespace {

constexpr int kMaxPostfixes = 8; // of one piece: a*+?

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
        || c == '_';
}

std::optional<std::uint32_t> hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return std::uint32_t(c - '0');
    if (c >= 'a' && c <= 'f')
        return std::uint32_t(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return std::uint32_t(c - 'A') + 10;
    return std::nullopt;
}

class Parser
{
public:
    explicit Parser(std::string_view text) : m_text(text) { }

    Result<GbnfRules> run()
    {
        skipBlank(Lines::Cross);
        while (!m_error && m_at < m_text.size()) {
            readRule();
            skipBlank(Lines::Cross);
        }
        if (m_error)
            return fail(*m_error);
        const auto root = m_names.find("root");
        if (root == m_names.end() || !m_rules.rules[root->second].defined)
            return fail(ErrorCode::InvalidArgument, "The grammar has no rule 'root'.");
        m_rules.root = root->second;
        for (const GbnfRule &rule : m_rules.rules) {
            if (!rule.defined) {
                wrong(rule.position, "the rule '" + displayText(rule.name) + "' is not defined");
                return fail(*m_error);
            }
        }
        return std::move(m_rules);
    }

private:
    enum class Lines { Stay, Cross };

    void wrong(std::size_t position, const std::string &what)
    {
        if (!m_error)
            m_error =
                Error{ErrorCode::InvalidArgument,
                      "The grammar is wrong at " + placeIn(m_text, position) + ": " + what + ".",
                      {}};
        m_at = m_text.size(); // ends every loop
    }

    char peek(std::size_t ahead = 0) const
    {
        return m_at + ahead < m_text.size() ? m_text[m_at + ahead] : '\0';
    }

    bool take(std::string_view what)
    {
        if (m_text.substr(m_at, what.size()) != what)
            return false;
        m_at += what.size();
        return true;
    }

    void skipBlank(Lines lines)
    {
        while (m_at < m_text.size()) {
            const char c = m_text[m_at];
            if (c == '#')
                m_at = std::min(m_text.find_first_of("\r\n", m_at), m_text.size());
            else if (c == ' ' || c == '\t' || (lines == Lines::Cross && (c == '\n' || c == '\r')))
                ++m_at;
            else
                break;
        }
    }

    std::string_view readName()
    {
        const std::size_t start = m_at;
        while (isNameCharacter(peek()))
            ++m_at;
        return m_text.substr(start, m_at - start);
    }

    std::uint32_t ruleNamed(std::string_view name, std::size_t position)
    {
        const auto [entry, isNew] =
            m_names.emplace(std::string(name), std::uint32_t(m_rules.rules.size()));
        if (isNew)
            m_rules.rules.push_back({std::string(name), position, false, {}});
        return entry->second;
    }

    void readRule()
    {
        const std::size_t position = m_at;
        const std::string_view name = readName();
        if (name.empty())
            return wrong(m_at, "a rule's name was expected");
        const std::uint32_t rule = ruleNamed(name, position);
        if (m_rules.rules[rule].defined)
            return wrong(position, "the rule '" + displayText(name) + "' is there twice");
        m_rules.rules[rule].defined = true;
        skipBlank(Lines::Stay);
        if (!take("::="))
            return wrong(m_at, "'::=' was expected");
        skipBlank(Lines::Cross);
        GbnfItem body = readChoice(0);
        if (!m_error && m_at < m_text.size() && peek() != '\n' && peek() != '\r')
            return wrong(m_at, "this does not belong into a rule");
        m_rules.rules[rule].body = std::move(body);
    }

    // Alternatives up to the end of the rule or of the group.
    GbnfItem readChoice(int depth)
    {
        GbnfItem choice;
        choice.kind = GbnfItem::Kind::Choice;
        for (;;) {
            choice.items.push_back(readSequence(depth));
            if (m_error || !nextAlternative(depth))
                break;
        }
        return choice.items.size() == 1 ? std::move(choice.items[0]) : std::move(choice);
    }

    // A '|' may begin the next line.
    bool nextAlternative(int depth)
    {
        const std::size_t here = m_at;
        skipBlank(Lines::Cross);
        if (take("|")) {
            skipBlank(Lines::Cross);
            return true;
        }
        if (depth == 0)
            m_at = here;
        return false;
    }

    GbnfItem readSequence(int depth)
    {
        const Lines lines = depth > 0 ? Lines::Cross : Lines::Stay;
        GbnfItem sequence;
        while (!m_error) {
            skipBlank(lines);
            const char c = peek();
            GbnfItem item;
            if (c == '"') {
                item = readLiteral();
            } else if (c == '[') {
                item = readClass();
            } else if (c == '.') {
                ++m_at;
                item = itemOf(CodePointSet::all());
            } else if (c == '(') {
                item = readGroup(depth);
            } else if (isNameCharacter(c)) {
                const std::size_t position = m_at;
                item.kind = GbnfItem::Kind::Rule;
                item.value = ruleNamed(readName(), position);
            } else {
                break;
            }
            sequence.items.push_back(readRepeats(std::move(item), lines));
        }
        return sequence;
    }

    GbnfItem readGroup(int depth)
    {
        const std::size_t start = m_at++;
        if (depth >= kMaxGrammarNesting) {
            wrong(start, "the groups are nested too deeply");
            return {};
        }
        GbnfItem group = readChoice(depth + 1);
        skipBlank(Lines::Cross);
        if (!m_error && !take(")"))
            wrong(m_at, "')' was expected for the group that begins at " + placeIn(m_text, start));
        return group;
    }

    GbnfItem readRepeats(GbnfItem item, Lines lines)
    {
        for (int count = 0; !m_error; ++count) {
            skipBlank(lines);
            const std::size_t position = m_at;
            std::uint32_t least = 0;
            std::uint32_t most = GbnfItem::kUnbounded;
            if (take("?")) {
                most = 1;
            } else if (take("+")) {
                least = 1;
            } else if (take("{")) {
                readBounds(least, most);
            } else if (!take("*")) {
                break;
            }
            if (count >= kMaxPostfixes)
                wrong(position, "the repetitions are nested too deeply");
            GbnfItem repeat;
            repeat.kind = GbnfItem::Kind::Repeat;
            repeat.least = least;
            repeat.most = most;
            repeat.items.push_back(std::move(item));
            item = std::move(repeat);
        }
        return item;
    }

    // Behind the '{': "m}", "m,}" or "m,n}".
    void readBounds(std::uint32_t &least, std::uint32_t &most)
    {
        skipBlank(Lines::Stay);
        const std::size_t position = m_at;
        const auto first = readCount();
        if (!first)
            return;
        least = most = *first;
        skipBlank(Lines::Stay);
        if (take(",")) {
            skipBlank(Lines::Stay);
            most = GbnfItem::kUnbounded;
            if (peek() != '}') {
                const auto second = readCount();
                if (!second)
                    return;
                most = *second;
            }
            skipBlank(Lines::Stay);
        }
        if (!take("}"))
            return wrong(m_at, "'}' was expected");
        if (most < least)
            wrong(position, "the repetition's first number is larger than its second");
    }

    std::optional<std::uint32_t> readCount()
    {
        const std::size_t position = m_at;
        std::uint32_t count = 0;
        while (peek() >= '0' && peek() <= '9') {
            count = count * 10 + std::uint32_t(peek() - '0');
            ++m_at;
            if (count > kMaxGrammarRepeats) {
                wrong(position,
                      "the repetition is longer than " + std::to_string(kMaxGrammarRepeats));
                return std::nullopt;
            }
        }
        if (m_at == position) {
            wrong(position, "a number was expected");
            return std::nullopt;
        }
        return count;
    }

    GbnfItem readLiteral()
    {
        const std::size_t start = m_at++;
        GbnfItem literal;
        while (!m_error) {
            if (m_at >= m_text.size() || peek() == '\n') {
                wrong(start, "the text that begins here has no end");
                break;
            }
            if (take("\""))
                break;
            const char32_t c = readCharacter();
            literal.items.push_back(itemOf(CodePointSet({{c, c}})));
        }
        return literal;
    }

    GbnfItem readClass()
    {
        const std::size_t start = m_at++;
        const bool negated = take("^");
        std::vector<CodePointSet::Range> ranges;
        while (!m_error) {
            if (m_at >= m_text.size() || peek() == '\n') {
                wrong(start, "the class that begins here has no end");
                break;
            }
            if (take("]"))
                break;
            const std::size_t position = m_at;
            const char32_t first = readCharacter();
            char32_t last = first;
            if (peek() == '-' && peek(1) != ']' && m_at + 1 < m_text.size()) {
                ++m_at;
                last = readCharacter();
            }
            if (last < first)
                wrong(position, "the range's first character comes after its last");
            ranges.emplace_back(first, last);
        }
        CodePointSet set(std::move(ranges));
        return itemOf(negated ? set.complement() : set);
    }

    char32_t readCharacter()
    {
        const std::size_t position = m_at;
        if (m_at >= m_text.size()) {
            wrong(position, "a character was expected");
            return 0;
        }
        if (take("\\"))
            return readEscape(position);
        const Utf8Step step = nextUtf8(m_text.substr(m_at));
        if (step.kind != Utf8Kind::Character) {
            wrong(position, "this is not UTF-8");
            return 0;
        }
        m_at += step.length;
        return step.codePoint;
    }

    char32_t readEscape(std::size_t position)
    {
        const char kind = peek();
        ++m_at;
        int digits = 0;
        switch (kind) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case '\\':
        case '"':
        case '[':
        case ']':
        case '-':
        case '^':
            return char32_t(kind);
        case 'x':
            digits = 2;
            break;
        case 'u':
            digits = 4;
            break;
        case 'U':
            digits = 8;
            break;
        default:
            wrong(position, "this escape is not known");
            return 0;
        }
        std::uint32_t value = 0;
        for (int i = 0; i < digits; ++i) {
            const auto digit = hexDigit(peek());
            if (!digit) {
                wrong(position,
                      "this escape needs " + std::to_string(digits) + " hexadecimal digits");
                return 0;
            }
            value = value << 4 | *digit;
            ++m_at;
        }
        if (value > kLastCodePoint || (value >= 0xD800 && value <= 0xDFFF)) {
            wrong(position, "this escape is no character");
            return 0;
        }
        return value;
    }

    GbnfItem itemOf(const CodePointSet &set)
    {
        const auto [entry, isNew] = m_sets.emplace(set, std::uint32_t(m_rules.sets.size()));
        if (isNew)
            m_rules.sets.push_back(set);
        GbnfItem item;
        item.kind = GbnfItem::Kind::Set;
        item.value = entry->second;
        return item;
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    std::optional<Error> m_error;
    GbnfRules m_rules;
    std::map<std::string, std::uint32_t, std::less<>> m_names;
    std::map<CodePointSet, std::uint32_t> m_sets;
};

} // namespace

Result<GbnfRules> parseGbnf(std::string_view text)
{
    if (text.size() > kMaxGrammarBytes)
        return fail(ErrorCode::InvalidArgument,
                    "The grammar is longer than " + displayBytes(kMaxGrammarBytes) + ".");
    return Parser(text).run();
}

std::string placeIn(std::string_view text, std::size_t position)
{
    const std::string_view before = text.substr(0, position);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t lineStart = before.rfind('\n') + 1; // 0 when there is none
    const std::string_view line = before.substr(lineStart);
    const auto column = std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column + 1);
}

} // namespace alcove::llm
