// WordAnalysis: words as the index keeps them, so that what is asked finds what was meant.
//
// A text becomes terms: case and diacritics folded, each word brought to its stem by the rules of
// its language (Snowball). Scripts that are written without spaces become pairs of neighbours.
// Figures lose the marks between thousands. One object for each thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace alcove::documents {

struct Term {
    std::string text; // as the index keeps it
    std::string word; // as it was written, case and diacritics folded
};

class WordAnalysis
{
public:
    WordAnalysis();
    ~WordAnalysis();

    // `language`: ISO 639-1 ("de"); one without rules, or empty: words are folded and nothing more.
    std::vector<Term> terms(std::string_view text, const std::string &language);
    // A term as it stands in the index.
    static std::string indexed(const Term &term);
    // The terms, as they stand in the index, with a space between.
    std::string termText(std::string_view text, const std::string &language);

    // The language that most of a text is in; empty where it is not clear.
    static std::string languageOf(std::string_view text);

private:
    struct Closer {
        void operator()(sb_stemmer *stemmer) const;
    };
    sb_stemmer *stemmerOf(const std::string &language);
    void addWord(std::string_view word, sb_stemmer *stemmer, std::vector<Term> &terms);

    std::map<std::string, std::unique_ptr<sb_stemmer, Closer>> m_stemmers; // null: no rules
};

} // namespace alcove::documents
