// SystemLook: what the desktop says about looks: dark or light, the fixed-width font, less motion.
//
// GUI thread. Follows changes while the program runs. Never fails: what a system does not tell is
// taken as light, "monospace" and motion allowed.
#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace alcove::theme {

class SystemLook : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(bool dark READ dark NOTIFY changed FINAL)
    Q_PROPERTY(QString monospaceFamily READ monospaceFamily CONSTANT FINAL)
    Q_PROPERTY(bool reducedMotion READ reducedMotion CONSTANT FINAL)
public:
    explicit SystemLook(QObject *parent = nullptr);

    bool dark() const { return m_dark; }
    QString monospaceFamily() const { return m_monospaceFamily; }
    bool reducedMotion() const { return m_reducedMotion; }

    bool eventFilter(QObject *watched, QEvent *event) override;

signals:
    void changed();

private:
    void update();

    bool m_dark = false;
    bool m_reducedMotion = false;
    QString m_monospaceFamily;
};

} // namespace alcove::theme
