// How places in documents are said in words. Any thread; nothing fails.
#pragma once

#include "core/documents/document_index.h"

#include <QString>

namespace alcove::documentsui {

QString fileName(const QString &path);
// "page 3", "slide 2", "sheet Prices"; empty where the format has no pages.
QString placeText(documents::PageKind kind, const QString &label);
// "report.pdf, page 3"
QString sourceText(const QString &path, documents::PageKind kind, const QString &label);
// A stretch of a passage around the first of the words that is in it, on one line.
QString snippet(const QString &text, const QString &words, int characters);

} // namespace alcove::documentsui
