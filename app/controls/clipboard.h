// Clipboard: puts text on the system's clipboard. GUI thread.
#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace alcove::controls {

class Clipboard : public QObject
{
    Q_OBJECT
    QML_ELEMENT
public:
    using QObject::QObject;

    Q_INVOKABLE void copy(const QString &text) const;
};

} // namespace alcove::controls
