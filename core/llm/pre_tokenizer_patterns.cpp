#include "core/llm/pre_tokenizer_patterns.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace alcove::llm {

namespace {

// In the patterns `\s` is Unicode's White_Space property, as in the tokenizers' own regular
// expression engines; PCRE2's also takes U+180E. The macros are the parts that several share.
#define CONTRACTION R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define BEFORE_WORD R"([^\r\n\p{L}\p{N}]?)"
#define SPACES R"(\s+(?!\S)|\s+)"
#define LINES R"(\s*[\r\n]+|)" SPACES
#define WORDS_THEN_SPACE(letters, numbers, rest)                                                   \
    CONTRACTION "|" BEFORE_WORD letters "|" numbers "| ?" rest R"([\r\n]*|)" LINES

constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    WORDS_THEN_SPACE(R"(\p{L}+)", R"(\p{N}{1,3})", R"([^\s\p{L}\p{N}]+)");
constexpr std::string_view kQwen2 =
    WORDS_THEN_SPACE(R"(\p{L}+)", R"(\p{N})", R"([^\s\p{L}\p{N}]+)");
constexpr std::string_view kQwen35 =
    WORDS_THEN_SPACE(R"([\p{L}\p{M}]+)", R"(\p{N})", R"([^\s\p{L}\p{M}\p{N}]+)");
constexpr std::string_view kMiniCpm5 =
    WORDS_THEN_SPACE(R"(\p{L}+)", R"(\p{N}+)", R"([^\s\p{L}\p{N}]+)");
constexpr std::string_view kBailing =
    R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|)" SPACES;
constexpr std::string_view kSeedCoder =
    CONTRACTION "|" BEFORE_WORD R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|)" LINES;
// A word may go on after a single space. Possessive, which changes no match: nothing follows.
constexpr std::string_view kExaoneMoe =
    CONTRACTION "|" BEFORE_WORD R"(\p{L}\p{M}*+(?: ?\p{L}\p{M}*+)*+|\p{N})"
                R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|)" SPACES;
// White space that is left after some of it has been taken holds no line's end any more.
constexpr std::string_view kJais2 = CONTRACTION
    "|" BEFORE_WORD R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|(?<!(?![\r\n])\s)\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S))"
    R"(|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s)";

#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define AFTER_WORDS R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" LINES
#define CASED_WORDS(upper, lower, end)                                                             \
    BEFORE_WORD upper "*" lower "+" end "|" BEFORE_WORD upper "+" lower "*" end
constexpr std::string_view kTekken = CASED_WORDS(UPPER, LOWER, "") R"(|\p{N})" AFTER_WORDS;
constexpr std::string_view kGpt4o =
    CASED_WORDS(UPPER, LOWER, CONTRACTION "?") R"(|\p{N}{1,3})" AFTER_WORDS;
constexpr std::string_view kYoutu =
    CASED_WORDS(UPPER, LOWER, CONTRACTION "?") R"(|\p{N})" AFTER_WORDS;
// The same classes without Han characters: everything but what the complement holds.
#define UPPER_NOT_HAN R"([^\p{Ll}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{sc:Han}])"
#define LOWER_NOT_HAN R"([^\p{Lu}\p{Lt}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{sc:Han}])"
constexpr std::string_view kKimiK2 = R"(\p{sc:Han}+|)" CASED_WORDS(
    UPPER_NOT_HAN, LOWER_NOT_HAN,
    CONTRACTION "?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)" LINES;

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
#define DEEPSEEK_V3_CJK R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)"
constexpr std::string_view kDeepSeekV3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|)" LINES;

constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kUpTo3Digits = R"(\p{N}{1,3})";
constexpr std::string_view kBloom =
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)";
constexpr std::string_view kPunctuation = R"([\p{P}$+<=>^~|]+)";
constexpr std::string_view kAsianScripts =
    R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF})"
    R"(\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E00}-\x{E7F}\x{E80}-\x{EFF}\x{1780}-\x{17FF})"
    R"(\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)";
constexpr std::string_view kYoutuScripts =
    R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+)"
    R"(|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C})"
    R"(\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+|)" DEEPSEEK_V3_CJK;

// Runs of digits that are cut into groups of three from their end. The definitions say it by
// looking ahead to the run's end from every digit; here each run is looked at once.
constexpr PreTokenizerStep kNumberRuns = {R"(\p{N}++)", PreTokenizerStep::Cut::ThreesFromTheEnd};
constexpr PreTokenizerStep kWholeThrees = {R"((?<!\p{Nd})\p{Nd}{0,2}?\K(?:\p{Nd}{3})++(?!\p{Nd}))",
                                           PreTokenizerStep::Cut::ThreesFromTheEnd};
constexpr PreTokenizerStep kDigitRunsBeforeNoWord = {R"((?<!\p{Nd})\p{Nd}++(?![\p{L}\p{M}\p{Pc}]))",
                                                     PreTokenizerStep::Cut::ThreesFromTheEnd};

constexpr PreTokenizerTraits traits(bool ignoreMerges, bool addBos)
{
    PreTokenizerTraits one;
    one.ignoreMerges = ignoreMerges;
    one.addBos = addBos;
    return one;
}

constexpr PreTokenizerTraits traits(PreTokenizerTraits::Symbols symbols)
{
    PreTokenizerTraits one;
    one.symbols = symbols;
    return one;
}

constexpr PreTokenizerTraits traits(PreTokenizerTraits::Ends ends)
{
    PreTokenizerTraits one;
    one.ends = ends;
    return one;
}

constexpr PreTokenizerTraits kPlain = {};
constexpr PreTokenizerTraits kWholeWords = traits(true, true);
constexpr PreTokenizerTraits kWholeWordsNoBos = traits(true, false);
constexpr PreTokenizerTraits kWithBos = traits(false, true);
constexpr PreTokenizerTraits kBothEnds = traits(PreTokenizerTraits::Ends::Both);
constexpr PreTokenizerTraits kNeverBos = traits(PreTokenizerTraits::Ends::NeverBos);
constexpr PreTokenizerTraits kCharacters = traits(PreTokenizerTraits::Symbols::Characters);

struct Family {
    std::array<std::string_view, 20>
        names; // of `tokenizer.ggml.pre`; the first empty one ends them
    PreTokenizerDefinition definition;
};

constexpr Family kFamilies[] = {
    {{"gpt-2", "gpt2", "phi-2", "olmo", "mpt", "jais", "trillion", "granite-docling", "gigachat",
      "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum", "modern-bert",
      "exaone4"},
     {{kGpt2}, kPlain}},
    {{"jina-v1-en", "jina-v2-code", "roberta-bpe"}, {{kGpt2}, kBothEnds}},
    {{"default"}, {{kPunctuation, kGpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}, kPlain}},
    {{"falcon"}, {{R"([\p{P}$+<=>^~|`]+)", kGpt2, "[0-9][0-9][0-9]"}, kPlain}},

    {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
      "jina-v5-nano"},
     {{kLlama3}, kWholeWords}},
    {{"dbrx", "smaug-bpe"}, {{kLlama3}, kPlain}},
    {{"chatglm-bpe", "glm4"}, {{kLlama3}, kNeverBos}},
    {{"minicpm5"}, {{kUpTo3Digits, kMiniCpm5}, kWholeWordsNoBos}},

    {{"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
      "solar-open", "grok-2"},
     {{kQwen2}, kPlain}},
    {{"qwen35"}, {{kQwen35}, kPlain}},
    {{"laguna"}, {{R"([^\n]+|[\n]+)", kQwen2}, kPlain}},
    {{"bailingmoe", "bailingmoe2", "llada-moe"}, {{kBailing}, kPlain}},
    {{"seed-coder"}, {{kSeedCoder}, kPlain}},
    {{"exaone-moe"}, {{kExaoneMoe}, kPlain}},
    {{"jais-2"}, {{kJais2}, kPlain}},

    {{"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"},
     {{kDigit, kGpt2}, kPlain}},

    {{"tekken"}, {{kTekken}, kWholeWords}},
    {{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, {{kGpt4o}, kPlain}},
    {{"granite-embed-multi-97m"}, {{kGpt4o}, kWholeWordsNoBos}},
    {{"tiny_aya", "cohere2moe"}, {{kDigitRunsBeforeNoWord, kGpt4o}, kPlain}},
    {{"youtu"}, {{kYoutuScripts, kYoutu}, kWholeWordsNoBos}},
    {{"kimi-k2"}, {{kKimiK2}, kPlain}},

    {{"bloom", "poro-chat", "gpt3-finnish"}, {{kBloom}, kPlain}},
    {{"viking"}, {{kBloom, kDigit}, kPlain}},
    {{"chameleon"},
     {{"<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", R"([\t\n]|    |  )", kDigit,
       R"([\p{P}!-/:-@\[-`{-~])", kGpt2},
      kWithBos}},
    {{"superbpe"}, {{R"(\p{N}+)", kWholeThrees}, kPlain}},
    {{"afmoe"}, {{kNumberRuns, kAsianScripts, kDeepSeekV3}, kPlain}},

    {{"deepseek-llm"},
     {{R"([\r\n])", R"(\s?[)" DEEPSEEK_LETTERS R"(]+)",
       R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
       SPACE_AT_END, DEEPSEEK_CJK, R"(\p{N}+)"},
      kPlain}},
    {{"deepseek-coder"},
     {{R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", DEEPSEEK_CJK, kDigit}, kPlain}},
    {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy-v4"},
     {{kUpTo3Digits, DEEPSEEK_V3_CJK, kDeepSeekV3}, kPlain}},

    // Characters are joined, not bytes, over whole lines; no token reaches from one into the next.
    {{"gemma4", "granite-embed-multi-311m", "sarvam-moe"}, {{R"([^\n]+|[\n]+)"}, kCharacters}},
};

#undef CONTRACTION
#undef BEFORE_WORD
#undef SPACES
#undef LINES
#undef WORDS_THEN_SPACE
#undef UPPER
#undef LOWER
#undef UPPER_NOT_HAN
#undef LOWER_NOT_HAN
#undef AFTER_WORDS
#undef CASED_WORDS
#undef DEEPSEEK_LETTERS
#undef SPACE_AT_END
#undef DEEPSEEK_CJK
#undef DEEPSEEK_V3_CJK

} // namespace

const PreTokenizerDefinition *findPreTokenizer(std::string_view name)
{
    if (name.empty())
        return nullptr;
    for (const Family &family : kFamilies) {
        if (std::find(family.names.begin(), family.names.end(), name) != family.names.end())
            return &family.definition;
    }
    return nullptr;
}

} // namespace alcove::llm
