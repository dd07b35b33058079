// Tables of grammars and JSON schemas for their tests. They are apart from the tests because moc
// does not read their raw strings.
#pragma once

#include <QString>
#include <QStringList>

#include <vector>

namespace alcove::test {

// A text's form, and texts that are of it and that are not.
struct FormCase {
    const char *name;
    QString form;
    QStringList good;
    QStringList bad;
};

struct RefusedForm {
    const char *name;
    QString form;
    QString says; // part of the sentence
};

std::vector<FormCase> grammarCases();
std::vector<FormCase> schemaCases();
std::vector<RefusedForm> refusedSchemas();

} // namespace alcove::test
