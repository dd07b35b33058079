// The user's search words as values for full-text search: never as its syntax. Any thread.
#pragma once

#include <QString>
#include <QVector>

namespace alcove::storage {

struct SearchWord {
    enum class Kind {
        FullText, // `pattern` is an FTS5 phrase, quoted, with a prefix star
        Substring, // `pattern` is to be found as it is
    };
    Kind kind;
    QString pattern;
};

// Of a script without spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
bool writtenWithoutSpaces(char32_t character);

// At most 16 words. Scripts written without spaces (Chinese, Japanese, Thai, ...) and words without
// any letter or digit are searched as substrings: the index's tokenizer would not find their parts.
QVector<SearchWord> searchWords(const QString &words);

} // namespace alcove::storage
