#include "core/documents/word_analysis.h"

#include "core/llm/utf8.h"
#include "core/storage/search_words.h"

#include <cld2/public/compact_lang_det.h>
#include <libstemmer.h>
#include <utf8proc.h>

#include <QChar>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

namespace alcove::documents {

namespace {

constexpr std::size_t kLongestWord = 256; // bytes; what is longer is no word
constexpr std::size_t kLanguageSample = 1 << 16; // bytes

struct Rules {
    const char *language;
    const char *algorithm;
};
constexpr Rules kRules[] = {
    {"ar", "arabic"},     {"ca", "catalan"},   {"da", "danish"},     {"de", "german"},
    {"el", "greek"},      {"en", "english"},   {"es", "spanish"},    {"eu", "basque"},
    {"fi", "finnish"},    {"fr", "french"},    {"ga", "irish"},      {"hi", "hindi"},
    {"hu", "hungarian"},  {"hy", "armenian"},  {"id", "indonesian"}, {"it", "italian"},
    {"lt", "lithuanian"}, {"ne", "nepali"},    {"nl", "dutch"},      {"no", "norwegian"},
    {"nb", "norwegian"},  {"nn", "norwegian"}, {"pt", "portuguese"}, {"ro", "romanian"},
    {"ru", "russian"},    {"sr", "serbian"},   {"sv", "swedish"},    {"ta", "tamil"},
    {"tr", "turkish"},    {"yi", "yiddish"},
};

bool isMark(char32_t character)
{
    switch (QChar::category(character)) {
    case QChar::Mark_NonSpacing:
    case QChar::Mark_SpacingCombining:
    case QChar::Mark_Enclosing:
        return true;
    default:
        return false;
    }
}

// Folded with utf8proc; `options` beside those that every folding has.
std::string mapped(std::string_view text, int options)
{
    utf8proc_uint8_t *out = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t *>(text.data()), utf8proc_ssize_t(text.size()),
        &out, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_CASEFOLD | options));
    if (size < 0)
        return std::string(text);
    std::string result(reinterpret_cast<const char *>(out), std::size_t(size));
    std::free(out);
    return result;
}

bool isFigure(std::string_view word)
{
    return !word.empty() && word[0] >= '0' && word[0] <= '9'
        && word.find_first_not_of("0123456789.,'") == std::string_view::npos;
}

// 4,200 and 4.200 and 4'200 are 4200; 3.5 stays, as 3 and 5 would be found everywhere.
std::string figure(std::string_view word)
{
    while (!word.empty() && (word.back() < '0' || word.back() > '9'))
        word.remove_suffix(1);
    std::string digits;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const bool mark = word[i] < '0' || word[i] > '9';
        std::size_t next = i + 1;
        while (mark && next < word.size() && word[next] >= '0' && word[next] <= '9')
            ++next;
        if (mark && next - i == 4)
            continue; // before three digits
        digits += mark ? "x" : std::string(1, word[i]); // a letter, so that it stays one term
    }
    return digits;
}

} // namespace

WordAnalysis::WordAnalysis() = default;
WordAnalysis::~WordAnalysis() = default;

void WordAnalysis::Closer::operator()(sb_stemmer *stemmer) const
{
    sb_stemmer_delete(stemmer);
}

sb_stemmer *WordAnalysis::stemmerOf(const std::string &language)
{
    const auto known = m_stemmers.find(language);
    if (known != m_stemmers.end())
        return known->second.get();
    sb_stemmer *made = nullptr;
    const auto rules = std::find_if(std::begin(kRules), std::end(kRules),
                                    [&](const Rules &one) { return language == one.language; });
    if (rules != std::end(kRules))
        made = sb_stemmer_new(rules->algorithm, "UTF_8");
    m_stemmers[language].reset(made);
    return made;
}

void WordAnalysis::addWord(std::string_view word, sb_stemmer *stemmer, std::vector<Term> &terms)
{
    if (word.empty() || word.size() > kLongestWord)
        return;
    Term term;
    if (isFigure(word)) {
        term.text = figure(word);
        term.word = std::string(word);
        if (!term.text.empty())
            terms.push_back(std::move(term));
        return;
    }
    const std::string lower = mapped(word, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    term.word = mapped(lower, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK);
    term.text = term.word;
    if (stemmer) {
        const sb_symbol *stem = sb_stemmer_stem(
            stemmer, reinterpret_cast<const sb_symbol *>(lower.data()), int(lower.size()));
        if (stem)
            term.text = mapped(std::string_view(reinterpret_cast<const char *>(stem),
                                                std::size_t(sb_stemmer_length(stemmer))),
                               UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK);
    }
    if (!term.text.empty())
        terms.push_back(std::move(term));
}

std::vector<Term> WordAnalysis::terms(std::string_view text, const std::string &language)
{
    sb_stemmer *stemmer = stemmerOf(language);
    std::vector<Term> terms;
    std::string word;
    std::string last; // the character before, of a script without spaces
    bool pair = false; // it was in a pair already
    const auto endWord = [&] {
        addWord(word, stemmer, terms);
        word.clear();
    };
    const auto endRun = [&] {
        if (!last.empty() && !pair)
            terms.push_back({last, last});
        last.clear();
        pair = false;
    };
    while (!text.empty()) {
        const llm::Utf8Step step = llm::nextUtf8(text);
        const std::string_view bytes = text.substr(0, step.length);
        text.remove_prefix(step.length);
        const char32_t c = step.codePoint;
        if (step.kind == llm::Utf8Kind::Character && storage::writtenWithoutSpaces(c)
            && (QChar::isLetterOrNumber(c) || isMark(c))) {
            endWord();
            const std::string character = mapped(bytes, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
            if (!last.empty()) {
                terms.push_back({last + character, last + character});
                pair = true;
            }
            last = character;
            continue;
        }
        endRun();
        const bool letter =
            step.kind == llm::Utf8Kind::Character && (QChar::isLetterOrNumber(c) || isMark(c));
        // Marks within figures and the apostrophe within words belong to them.
        const bool digitNext = !text.empty() && text[0] >= '0' && text[0] <= '9';
        const bool within = !word.empty()
            && (((c == ',' || c == '.' || c == '\'') && isFigure(word) && digitNext)
                || ((c == '\'' || c == 0x2019) && !isFigure(word) && !text.empty()
                    && QChar::isLetter(llm::nextUtf8(text).codePoint)));
        if (letter)
            word += bytes;
        else if (within)
            word += c == 0x2019 ? std::string_view("'") : bytes;
        else
            endWord();
    }
    endWord();
    endRun();
    return terms;
}

std::string WordAnalysis::indexed(const Term &term)
{
    // An apostrophe would part the term where the index reads it.
    std::string text;
    std::copy_if(term.text.begin(), term.text.end(), std::back_inserter(text),
                 [](char c) { return c != '\''; });
    return text;
}

std::string WordAnalysis::termText(std::string_view text, const std::string &language)
{
    std::string joined;
    for (const Term &term : terms(text, language)) {
        joined += joined.empty() ? "" : " ";
        joined += indexed(term);
    }
    return joined;
}

std::string WordAnalysis::languageOf(std::string_view text)
{
    std::string sample(text.substr(0, kLanguageSample));
    while (!sample.empty() && !llm::isValidUtf8(sample))
        sample.pop_back(); // cut within a character
    bool reliable = false;
    const CLD2::Language language =
        CLD2::DetectLanguage(sample.data(), int(sample.size()), true, &reliable);
    if (language == CLD2::UNKNOWN_LANGUAGE || !reliable)
        return {};
    return CLD2::LanguageCode(language);
}

} // namespace alcove::documents
