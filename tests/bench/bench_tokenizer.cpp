// How fast vocabularies encode a mebibyte of text, and whether that stays in proportion to its
// length: bench-tokenizer VOCABULARY.gguf [PRE-TOKENIZER]
#include "core/llm/tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace alcove;
using namespace alcove::llm;

namespace {

std::string repeated(std::string_view part, std::size_t size)
{
    std::string text;
    while (text.size() < size)
        text += part;
    return text;
}

// Pseudo-random words of a fixed list, with the punctuation and the lines of prose or of code.
std::string drawn(const std::vector<std::string_view> &words, std::size_t size)
{
    std::mt19937 random(7);
    std::string text;
    while (text.size() < size) {
        text += words[random() % words.size()];
        // A word that is not in the list: names and numbers do not repeat.
        if (random() % 5 == 0)
            text += std::to_string(random() % 100000);
        if (random() % 7 == 0) {
            for (std::size_t n = 3 + random() % 9; n > 0; --n)
                text.push_back(char('a' + random() % 26));
        }
    }
    return text;
}

double seconds(const Tokenizer &tokenizer, std::string_view text, std::size_t &tokens)
{
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
        // Of the processor, so that other programs count for less.
        const std::clock_t start = std::clock();
        tokens = tokenizer.encode(text, AddSpecial::No, ParseSpecial::Yes).size();
        best = std::min(best, double(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench-tokenizer VOCABULARY.gguf [PRE-TOKENIZER]\n");
        return 2;
    }
    const auto file = GgufFile::open(argv[1]);
    if (!file) {
        std::fprintf(stderr, "%s\n", file.error().message.c_str());
        return 1;
    }
    const auto tokenizer = Tokenizer::create(*file, argc > 2 ? argv[2] : "");
    if (!tokenizer) {
        std::fprintf(stderr, "%s\n", tokenizer.error().message.c_str());
        return 1;
    }
    constexpr std::size_t kSize = std::size_t(1) << 20;
    const std::vector<std::string_view> prose = {
        " the",  " of",      " and",    " it",     " was",       " house",  ", which", " under",
        ". But", " morning", " letter", " answer", " remember",  " river",  "\n\nThe", "'s",
        " cold", " window",  "; then",  " nobody", " carefully", " garden", "?",       " don't"};
    const std::vector<std::string_view> code = {
        "    return ",     "if (",       "std::size_t ", " = ",      ";\n",       "for (auto &",
        "m_value",         ") {\n",      "}\n\n",        "// note ", "->",        "camelCaseName",
        "snake_case_name", "<typename ", "0x1F, ",       "\t\t",     "#include ", " == nullptr"};
    const std::vector<std::string_view> cjk = {"我在",     "工作",   "的",  "今天",       "天气",
                                               "很好",     "，",     "。",  "こんにちは", "世界",
                                               "カタカナ", "한국어", "문장"};
    const std::pair<const char *, std::string> texts[] = {
        {"prose", drawn(prose, kSize)},
        {"code", drawn(code, kSize)},
        {"CJK", drawn(cjk, kSize)},
        {"one letter", repeated("a", kSize)},
        {"spaces", repeated(" ", kSize)},
        {"line ends", repeated("\n", kSize)},
        {"digits", repeated("7", kSize)},
        {"punctuation", repeated("!", kSize)},
        {"one ideograph", repeated("我", kSize)},
        {"emoji", repeated("🦙", kSize)},
    };
    std::printf("%-14s %12s %12s %12s\n", "1 MiB of", "tokens", "seconds", "half of it");
    for (const auto &[name, text] : texts) {
        std::size_t tokens = 0;
        const double half =
            seconds(**tokenizer, std::string_view(text).substr(0, kSize / 2), tokens);
        const double whole = seconds(**tokenizer, text, tokens);
        std::printf("%-14s %12zu %12.3f %12.3f\n", name, tokens, whole, half);
    }
    return 0;
}
