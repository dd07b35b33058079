#include "core/llm/pre_tokenizer.h"

#include "core/llm/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace alcove::llm {

namespace {

// In the patterns `\s` is Unicode's White_Space property, as in the tokenizers' own regular
// expression engines; PCRE2's also takes U+180E. The macros are the parts that several share.
#define CONTRACTION R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define BEFORE_WORD R"([^\r\n\p{L}\p{N}]?)"
#define WORDS_THEN_SPACE(letters, numbers, rest)                                                   \
    CONTRACTION "|" BEFORE_WORD letters "|" numbers "| ?" rest R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    WORDS_THEN_SPACE(R"(\p{L}+)", R"(\p{N}{1,3})", R"([^\s\p{L}\p{N}]+)");
constexpr std::string_view kQwen2 =
    WORDS_THEN_SPACE(R"(\p{L}+)", R"(\p{N})", R"([^\s\p{L}\p{N}]+)");
constexpr std::string_view kQwen35 =
    WORDS_THEN_SPACE(R"([\p{L}\p{M}]+)", R"(\p{N})", R"([^\s\p{L}\p{M}\p{N}]+)");

#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define AFTER_WORDS R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
constexpr std::string_view kTekken =
    BEFORE_WORD UPPER "*" LOWER "+|" BEFORE_WORD UPPER "+" LOWER R"(*|\p{N})" AFTER_WORDS;
constexpr std::string_view kGpt4o =
    BEFORE_WORD UPPER "*" LOWER "+" CONTRACTION "?|" BEFORE_WORD UPPER "+" LOWER "*" CONTRACTION
                      R"(?|\p{N}{1,3})" AFTER_WORDS;

// The cased letters of the definition, written by number because three of them have a canonical
// equivalent that editors and compilers may put in their place.
#define DEEPSEEK_LETTERS                                                                           \
    R"(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF})"                       \
    R"(\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D})"                \
    R"(\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5})"                        \
    R"(\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5})"                            \
    R"(\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"                      \
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15})"                      \
    R"(\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59})"              \
    R"(\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE})"               \
    R"(\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB})"                      \
    R"(\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107})"                       \
    R"(\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128})"                        \
    R"(\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149})"              \
    R"(\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE})"               \
    R"(\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"                       \
    R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06})"                      \
    R"(\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F})"                    \
    R"(\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2})"              \
    R"(\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
// A run of spaces at the end: found once for each run, not once for each space in it.
#define SPACE_AT_END R"((?<!\s)\s++\z)"
#define DEEPSEEK_CJK R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)"

struct Definition {
    std::string_view name; // of `tokenizer.ggml.pre`
    std::array<std::string_view, 6> patterns; // the first empty one ends the list
    PreTokenizerTraits traits = {};
};

constexpr PreTokenizerTraits kWholeWords = {true, true};

constexpr Definition kDefinitions[] = {
    {"gpt-2", {kGpt2}},
    {"gpt2", {kGpt2}},
    {"olmo", {kGpt2}},
    {"mpt", {kGpt2}},
    {"jais", {kGpt2}},
    {"trillion", {kGpt2}},
    {"granite-docling", {kGpt2}},
    {"phi-2", {kGpt2}},

    {"llama-bpe", {kLlama3}, kWholeWords},
    {"llama3", {kLlama3}, kWholeWords},
    {"llama-v3", {kLlama3}, kWholeWords},
    {"falcon3", {kLlama3}, kWholeWords},
    {"falcon-h1", {kLlama3}, kWholeWords},
    {"pixtral", {kLlama3}, kWholeWords},
    {"midm-2.0", {kLlama3}, kWholeWords},
    {"lfm2", {kLlama3}, kWholeWords},
    {"dbrx", {kLlama3}},
    {"smaug-bpe", {kLlama3}},
    {"chatglm-bpe", {kLlama3}},
    {"glm4", {kLlama3}},

    {"qwen2", {kQwen2}},
    {"deepseek-r1-qwen", {kQwen2}},
    {"megrez", {kQwen2}},
    {"stablelm2", {kQwen2}},
    {"hunyuan", {kQwen2}},
    {"solar-open", {kQwen2}},
    {"qwen35", {kQwen35}},

    {"starcoder", {R"(\p{N})", kGpt2}},
    {"refact", {R"(\p{N})", kGpt2}},
    {"command-r", {R"(\p{N})", kGpt2}},
    {"smollm", {R"(\p{N})", kGpt2}},
    {"codeshell", {R"(\p{N})", kGpt2}},
    {"exaone", {R"(\p{N})", kGpt2}},
    {"minerva-7b", {R"(\p{N})", kGpt2}},

    {"tekken", {kTekken}, kWholeWords},
    {"gpt-4o", {kGpt4o}},
    {"llama4", {kGpt4o}},

    {"deepseek-llm",
     {R"([\r\n])", R"(\s?[)" DEEPSEEK_LETTERS R"(]+)",
      R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
      SPACE_AT_END, DEEPSEEK_CJK, R"(\p{N}+)"}},
    {"deepseek-coder", {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", DEEPSEEK_CJK, R"(\p{N})"}},
    {"deepseek-v3",
     {R"(\p{N}{1,3})", R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
      R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
      R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
};

#undef WORDS_THEN_SPACE
#undef UPPER
#undef LOWER
#undef BEFORE_WORD
#undef CONTRACTION
#undef AFTER_WORDS
#undef DEEPSEEK_LETTERS
#undef SPACE_AT_END
#undef DEEPSEEK_CJK

// Replaces `\s` and `\S` by the characters that they stand for (see above).
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

    explicit Pattern(Code code) : m_code(std::move(code)) { }

    static std::shared_ptr<const Pattern> compile(std::string_view source)
    {
        const std::string expanded = withUnicodeSpaces(source);
        int error = 0;
        PCRE2_SIZE offset = 0;
        Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expanded.data()), expanded.size(),
                                PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
        if (!code)
            return nullptr;
        // Where the platform has no JIT, the interpreter gives the same answers.
        pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
        return std::make_shared<const Pattern>(std::move(code));
    }

    const pcre2_code *code() const { return m_code.get(); }

private:
    Code m_code;
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
        pieces.push_back(text.substr(range[0], range[1] - range[0]));
        done = start = range[1];
    }
    if (done < text.size())
        pieces.push_back(text.substr(done));
}

Result<PreTokenizer> PreTokenizer::create(std::string_view name)
{
    const auto *definition =
        std::find_if(std::begin(kDefinitions), std::end(kDefinitions),
                     [name](const Definition &one) { return one.name == name; });
    if (definition == std::end(kDefinitions))
        return fail(ErrorCode::Unsupported,
                    "The pre-tokenizer \"" + replaceInvalidUtf8(name.substr(0, 64))
                        + "\" is not supported.");
    PreTokenizer preTokenizer;
    preTokenizer.m_traits = definition->traits;
    for (std::string_view source : definition->patterns) {
        if (source.empty())
            break;
        auto pattern = Pattern::compile(source);
        if (!pattern)
            return fail(ErrorCode::Internal, "The pre-tokenizer's pattern could not be prepared.",
                        std::string(source));
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
