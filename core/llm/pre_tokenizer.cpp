#include "core/llm/pre_tokenizer.h"

#include "core/llm/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string>
#include <utility>

namespace alcove::llm {

namespace {

// Replaces `\s` and `\S` by the characters that they stand for in the definitions: Unicode's
// White_Space property, as in the tokenizers' own regular expression engines; PCRE2's own also
// take U+180E.
std::string withUnicodeSpaces(std::string_view pattern)
{
    constexpr std::string_view kSpaces =
        R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
    std::string out;
    bool inClass = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            const char escaped = pattern[++i];
            if (escaped == 's' && inClass)
                out += kSpaces;
            else if (escaped == 's')
                out.append("[").append(kSpaces).append("]");
            else if (escaped == 'S' && !inClass)
                out.append("[^").append(kSpaces).append("]");
            else
                out.append({c, escaped});
            continue;
        }
        if (c == '[')
            inClass = true;
        else if (c == ']')
            inClass = false;
        out.push_back(c);
    }
    return out;
}

template <typename T, void (*release)(T *)>
struct Releaser {
    void operator()(T *object) const { release(object); }
};
template <typename T, void (*release)(T *)>
using Owned = std::unique_ptr<T, Releaser<T, release>>;

std::string unknownName(std::string_view name)
{
    return "The pre-tokenizer \"" + replaceInvalidUtf8(name.substr(0, 64)) + "\" is not known.";
}

// Appends `text` in pieces of three characters, the first of what is left over.
void cutIntoThrees(std::string_view text, std::vector<std::string_view> &pieces)
{
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); i += nextUtf8(text.substr(i)).length)
        ++characters;
    std::size_t wanted = characters % 3 == 0 ? 3 : characters % 3;
    while (!text.empty()) {
        std::size_t length = 0;
        for (; wanted > 0; --wanted)
            length += nextUtf8(text.substr(length)).length;
        pieces.push_back(text.substr(0, length));
        text.remove_prefix(length);
        wanted = 3;
    }
}

} // namespace

// What matching needs besides the patterns; made anew for each call, so that patterns are shared.
class PreTokenizer::Matcher
{
public:
    Matcher()
        : m_match(pcre2_match_data_create(1, nullptr)),
          m_context(pcre2_match_context_create(nullptr)),
          m_stack(pcre2_jit_stack_create(32 * 1024, 4 * 1024 * 1024, nullptr))
    {
        if (!m_context)
            return;
        // The patterns need time in proportion to the text; these are a second line of defence.
        pcre2_set_match_limit(m_context.get(), 50'000'000);
        pcre2_set_heap_limit(m_context.get(), 64 * 1024); // KiB
        if (m_stack)
            pcre2_jit_stack_assign(m_context.get(), nullptr, m_stack.get());
    }

    // Appends the matches of `pattern` in `text`, and what lies between them, to `pieces`.
    void split(const Pattern &pattern, std::string_view text,
               std::vector<std::string_view> &pieces);

private:
    Owned<pcre2_match_data, pcre2_match_data_free> m_match;
    Owned<pcre2_match_context, pcre2_match_context_free> m_context;
    Owned<pcre2_jit_stack, pcre2_jit_stack_free> m_stack;
};

class PreTokenizer::Pattern
{
public:
    using Code = Owned<pcre2_code, pcre2_code_free>;

    Pattern(Code code, PreTokenizerStep::Cut cut) : m_code(std::move(code)), m_cut(cut) { }

    static std::shared_ptr<const Pattern> compile(const PreTokenizerStep &step)
    {
        const std::string expanded = withUnicodeSpaces(step.pattern);
        int error = 0;
        PCRE2_SIZE offset = 0;
        Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expanded.data()), expanded.size(),
                                PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
        if (!code)
            return nullptr;
        // Where the platform has no JIT, the interpreter gives the same answers.
        pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
        return std::make_shared<const Pattern>(std::move(code), step.cut);
    }

    const pcre2_code *code() const { return m_code.get(); }
    PreTokenizerStep::Cut cut() const { return m_cut; }

private:
    Code m_code;
    PreTokenizerStep::Cut m_cut;
};

void PreTokenizer::Matcher::split(const Pattern &pattern, std::string_view text,
                                  std::vector<std::string_view> &pieces)
{
    std::size_t done = 0; // everything before is in `pieces`
    std::size_t start = 0; // where the search goes on
    while (m_match && m_context && start < text.size()) {
        // The text is known to be UTF-8 here.
        const int rc =
            pcre2_match(pattern.code(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                        start, PCRE2_NO_UTF_CHECK, m_match.get(), m_context.get());
        // No match, or a limit reached: the rest is one piece.
        if (rc < 0)
            break;
        const PCRE2_SIZE *range = pcre2_get_ovector_pointer(m_match.get());
        if (range[1] <= range[0]) {
            start = range[1];
            if (start < text.size())
                start += nextUtf8(text.substr(start)).length;
            continue;
        }
        if (range[0] > done)
            pieces.push_back(text.substr(done, range[0] - done));
        const std::string_view found = text.substr(range[0], range[1] - range[0]);
        if (pattern.cut() == PreTokenizerStep::Cut::ThreesFromTheEnd)
            cutIntoThrees(found, pieces);
        else
            pieces.push_back(found);
        done = start = range[1];
    }
    if (done < text.size())
        pieces.push_back(text.substr(done));
}

std::optional<std::string> PreTokenizer::warningFor(std::string_view name)
{
    if (findPreTokenizer(name))
        return std::nullopt;
    constexpr std::string_view kInstead = "The default one is used, which may make answers worse.";
    if (name.empty())
        return "The model file does not name its pre-tokenizer. " + std::string(kInstead);
    return unknownName(name) + " " + std::string(kInstead);
}

Result<PreTokenizer> PreTokenizer::create(std::string_view name)
{
    const PreTokenizerDefinition *definition = findPreTokenizer(name);
    if (!definition)
        return fail(ErrorCode::Unsupported, unknownName(name));
    PreTokenizer preTokenizer;
    preTokenizer.m_traits = definition->traits;
    for (const PreTokenizerStep &step : definition->steps) {
        if (step.pattern.empty())
            break;
        auto pattern = Pattern::compile(step);
        if (!pattern)
            return fail(ErrorCode::Internal, "The pre-tokenizer's pattern could not be prepared.",
                        std::string(step.pattern));
        preTokenizer.m_patterns.push_back(std::move(pattern));
    }
    return preTokenizer;
}

void PreTokenizer::split(std::string_view text, std::vector<std::string_view> &words) const
{
    Matcher matcher;
    std::size_t start = 0;
    std::size_t i = 0;
    while (i < text.size()) {
        if (static_cast<unsigned char>(text[i]) < 0x80) {
            ++i;
            continue;
        }
        const Utf8Step step = nextUtf8(text.substr(i));
        if (step.kind == Utf8Kind::Character) {
            i += step.length;
            continue;
        }
        if (i > start)
            splitValid(text.substr(start, i - start), matcher, words);
        start = i;
        while (i < text.size()) {
            const Utf8Step bad = nextUtf8(text.substr(i));
            if (bad.kind == Utf8Kind::Character)
                break;
            i += bad.length;
        }
        words.push_back(text.substr(start, i - start));
        start = i;
    }
    if (i > start)
        splitValid(text.substr(start, i - start), matcher, words);
}

void PreTokenizer::splitValid(std::string_view text, Matcher &matcher,
                              std::vector<std::string_view> &words) const
{
    std::vector<std::string_view> pieces = {text};
    std::vector<std::string_view> next;
    for (const auto &pattern : m_patterns) {
        std::vector<std::string_view> &out = pattern == m_patterns.back() ? words : next;
        for (std::string_view piece : pieces)
            matcher.split(*pattern, piece, out);
        pieces = std::exchange(next, {});
    }
}

} // namespace alcove::llm
