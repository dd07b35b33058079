// Text from a model as markup that Qt's rich text may show: nothing in it can load, run or style.
// Any thread; never fails.
#pragma once

#include <QString>
#include <QStringList>
#include <QVector>

namespace alcove::markdown {

// & < > " become entities; control characters other than tab and line break vanish.
QString escaped(const QString &text);

// The text of an HTML entity ("&amp;", "&#8364;"), or the entity itself if it is not known.
QString entityText(const QString &entity);

// A link's target if it may be offered (http, https, mailto), normalised; else empty.
QString offeredLink(const QString &href);

// Markup with each [n] of those numbers, and each [?], as a link of our own scheme, whose path is
// the number (none for [?]). Not within code and links.
QString linkCitations(const QString &markup, const QVector<int> &numbers);
QString citationScheme(); // "alcove-citation:": no text of a model can offer such a link

// Where the links of our own markup lead, each once, in their order.
QStringList linksIn(const QString &markup);

} // namespace alcove::markdown
