#include "app/shell/window_placement.h"

#include "core/storage/settings.h"

#include <QGuiApplication>
#include <QScreen>
#include <QVariantMap>
#include <QWindow>

namespace alcove::shell {

namespace {

constexpr int kPauseMs = 400;
constexpr int kLeastVisible = 80; // of the title bar, for a hand to grasp

QString key()
{
    return QStringLiteral("window.place");
}

} // namespace

WindowPlacement::WindowPlacement(QWindow &window, storage::Settings &settings, QObject *parent)
    : QObject(parent), m_window(window), m_settings(settings)
{
    restore();
    m_timer.setSingleShot(true);
    m_timer.setInterval(kPauseMs);
    connect(&m_timer, &QTimer::timeout, this, &WindowPlacement::save);
    connect(&m_window, &QWindow::xChanged, this, &WindowPlacement::note);
    connect(&m_window, &QWindow::yChanged, this, &WindowPlacement::note);
    connect(&m_window, &QWindow::widthChanged, this, &WindowPlacement::note);
    connect(&m_window, &QWindow::heightChanged, this, &WindowPlacement::note);
    connect(&m_window, &QWindow::windowStateChanged, this, &WindowPlacement::note);
}

WindowPlacement::~WindowPlacement()
{
    if (m_timer.isActive())
        save();
}

QRect WindowPlacement::visiblePlace(const QRect &wanted, const QVector<QRect> &screens, QSize least)
{
    if (!wanted.isValid())
        return {};
    for (const QRect &screen : screens) {
        const QRect seen = wanted.intersected(screen);
        if (seen.width() < kLeastVisible || seen.height() < kLeastVisible)
            continue;
        const QSize size = wanted.size().expandedTo(least).boundedTo(screen.size());
        const int x = qBound(screen.left(), wanted.x(), screen.right() + 1 - size.width());
        const int y = qBound(screen.top(), wanted.y(), screen.bottom() + 1 - size.height());
        return {QPoint(x, y), size};
    }
    return {};
}

void WindowPlacement::restore()
{
    const QVariantMap stored = m_settings.value(key()).toMap();
    QVector<QRect> screens;
    for (const QScreen *screen : QGuiApplication::screens())
        screens.append(screen->availableGeometry());
    const QRect wanted(stored.value(QStringLiteral("x")).toInt(),
                       stored.value(QStringLiteral("y")).toInt(),
                       stored.value(QStringLiteral("width")).toInt(),
                       stored.value(QStringLiteral("height")).toInt());
    const QRect place = visiblePlace(wanted, screens, m_window.minimumSize());
    if (place.isValid())
        m_window.setGeometry(place);
    m_normal = m_window.geometry();
    if (stored.value(QStringLiteral("maximized")).toBool())
        m_window.setWindowState(Qt::WindowMaximized);
}

void WindowPlacement::note()
{
    if (m_window.windowState() == Qt::WindowNoState)
        m_normal = m_window.geometry();
    m_timer.start();
}

void WindowPlacement::save()
{
    m_timer.stop();
    m_settings.setValue(
        key(),
        QVariantMap{{QStringLiteral("x"), m_normal.x()},
                    {QStringLiteral("y"), m_normal.y()},
                    {QStringLiteral("width"), m_normal.width()},
                    {QStringLiteral("height"), m_normal.height()},
                    {QStringLiteral("maximized"), m_window.windowState() == Qt::WindowMaximized}});
}

} // namespace alcove::shell
