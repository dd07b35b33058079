// WindowPlacement: puts the window where it was, and remembers where it goes.
//
// GUI thread; over a window and the settings, which outlive it. A place that is on no screen any
// more is not used.
#pragma once

#include <QObject>
#include <QRect>
#include <QTimer>

class QWindow;

namespace alcove::storage {
class Settings;
}

namespace alcove::shell {

class WindowPlacement : public QObject
{
    Q_OBJECT
public:
    WindowPlacement(QWindow &window, storage::Settings &settings, QObject *parent = nullptr);
    ~WindowPlacement() override;

    // The wanted place if enough of it can be seen on one of the screens (their available
    // geometries), made to fit that screen; else an invalid rectangle.
    static QRect visiblePlace(const QRect &wanted, const QVector<QRect> &screens, QSize least);

private:
    void restore();
    void note();
    void save();

    QWindow &m_window;
    storage::Settings &m_settings;
    QTimer m_timer;
    QRect m_normal; // where the window is when it is not maximised
};

} // namespace alcove::shell
