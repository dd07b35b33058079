#include "app/theme/system_look.h"

#include <QEvent>
#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QPalette>
#include <QSettings>
#include <QStandardPaths>
#include <QStyleHints>

#ifdef _WIN32
#include <windows.h>
#endif

namespace alcove::theme {

namespace {

bool systemReducesMotion()
{
#ifdef _WIN32
    BOOL animated = TRUE;
    if (SystemParametersInfoW(SPI_GETCLIENTAREAANIMATION, 0, &animated, 0))
        return !animated;
    return false;
#elif defined(__APPLE__)
    const QSettings access(QStringLiteral("com.apple.universalaccess"), QSettings::NativeFormat);
    return access.value(QStringLiteral("reduceMotion"), false).toBool();
#else
    // What GTK desktops write for programs that are not GTK's own.
    for (const char *version : {"gtk-4.0", "gtk-3.0"}) {
        const QString file =
            QStandardPaths::locate(QStandardPaths::GenericConfigLocation,
                                   QLatin1String(version) + QStringLiteral("/settings.ini"));
        if (file.isEmpty())
            continue;
        const QSettings gtk(file, QSettings::IniFormat);
        const QVariant animations = gtk.value(QStringLiteral("Settings/gtk-enable-animations"));
        if (animations.isValid())
            return !animations.toBool();
    }
    return false;
#endif
}

bool systemIsDark()
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    const auto scheme = QGuiApplication::styleHints()->colorScheme();
    if (scheme != Qt::ColorScheme::Unknown)
        return scheme == Qt::ColorScheme::Dark;
#endif
    const QPalette palette = QGuiApplication::palette();
    return palette.color(QPalette::Window).lightness()
        < palette.color(QPalette::WindowText).lightness();
}

} // namespace

SystemLook::SystemLook(QObject *parent) : QObject(parent)
{
    m_reducedMotion = systemReducesMotion();
    m_monospaceFamily = QFontDatabase::systemFont(QFontDatabase::FixedFont).family();
    if (!QFontInfo(QFont(m_monospaceFamily)).fixedPitch())
        m_monospaceFamily = QStringLiteral("monospace");
    m_dark = systemIsDark();
    qGuiApp->installEventFilter(this);
}

bool SystemLook::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == qGuiApp
        && (event->type() == QEvent::ApplicationPaletteChange
            || event->type() == QEvent::ThemeChange))
        update();
    return QObject::eventFilter(watched, event);
}

void SystemLook::update()
{
    const bool dark = systemIsDark();
    if (dark == m_dark)
        return;
    m_dark = dark;
    emit changed();
}

} // namespace alcove::theme
