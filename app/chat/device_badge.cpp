#include "app/chat/device_badge.h"

#include <QRegularExpression>

namespace alcove::chatui {

QString deviceBadge(const QString &device)
{
    static const QRegularExpression inBrackets(QStringLiteral("\\s*\\([^)]*\\)"));
    static const QRegularExpression makers(QStringLiteral("^(NVIDIA|AMD|Intel|Qualcomm|ARM)\\s+"),
                                           QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression family(
        QStringLiteral("^(GeForce|Radeon)\\s+(?=(RTX|GTX|RX)\\b)"));
    static const QRegularExpression kind(QStringLiteral("\\s+Graphics$"));
    QString name = device;
    name.remove(inBrackets);
    name = name.simplified();
    name.remove(makers);
    name.remove(family);
    const QString shorter = QString(name).remove(kind);
    // "Radeon Graphics" says more than "Radeon".
    if (shorter.contains(QLatin1Char(' ')))
        name = shorter;
    return name.isEmpty() ? device : name;
}

} // namespace alcove::chatui
