#include "app/controls/icon.h"

#include <QFile>
#include <QPainter>

namespace alcove::controls {

Icon::Icon(QQuickItem *parent) : QQuickPaintedItem(parent)
{
    setImplicitSize(20, 20); // the grid the icons are drawn on
}

void Icon::setName(const QString &name)
{
    if (name == m_name)
        return;
    m_name = name;
    reload();
    emit nameChanged();
}

void Icon::setColor(const QColor &color)
{
    if (color == m_color)
        return;
    m_color = color;
    reload();
    emit colorChanged();
}

void Icon::setMirrored(bool mirrored)
{
    if (mirrored == m_mirrored)
        return;
    m_mirrored = mirrored;
    update();
    emit mirroredChanged();
}

void Icon::reload()
{
    QByteArray svg;
    if (!m_name.isEmpty()) {
        QFile file(QStringLiteral(":/icons/%1.svg").arg(m_name));
        if (file.open(QIODevice::ReadOnly))
            svg = file.readAll();
        else
            qWarning("No icon named \"%s\"", qPrintable(m_name));
    }
    // SVG Tiny has no current colour to inherit from here, so the word is replaced.
    svg.replace("currentColor", m_color.name(QColor::HexRgb).toLatin1());
    if (svg.isEmpty() || !m_renderer.load(svg))
        m_renderer.load(QByteArrayLiteral("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
    update();
}

void Icon::paint(QPainter *painter)
{
    if (m_name.isEmpty() || !m_renderer.isValid())
        return;
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setOpacity(m_color.alphaF());
    if (m_mirrored) {
        painter->translate(width(), 0);
        painter->scale(-1, 1);
    }
    m_renderer.render(painter, boundingRect());
}

} // namespace alcove::controls
