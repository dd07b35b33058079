#include "app/controls/clipboard.h"

#include <QClipboard>
#include <QGuiApplication>

namespace alcove::controls {

void Clipboard::copy(const QString &text) const
{
    QGuiApplication::clipboard()->setText(text);
}

} // namespace alcove::controls
