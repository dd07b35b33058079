// What the window says of a model's reasoning while it is folded. Any thread.
#pragma once

#include <QCoreApplication>
#include <QString>

namespace alcove::chatui {

class ReasoningText
{
    Q_DECLARE_TR_FUNCTIONS(alcove::chatui::ReasoningText)
public:
    // "Thought for 12 s"; whole seconds, because nobody counts their parts.
    static QString duration(double seconds);
    // The sentence or line that is being written, from its beginning, so that the words already
    // shown stay in their places; of a very long one the end.
    static QString newestSentence(const QString &reasoning);
};

} // namespace alcove::chatui
