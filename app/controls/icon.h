// Icon: one of our SVG icons (resources/icons), drawn in the colour given.
//
// Painted by the CPU, so that it looks the same with every scene graph backend. GUI thread; an
// unknown name draws nothing.
#pragma once

#include <QColor>
#include <QQuickPaintedItem>
#include <QString>
#include <QSvgRenderer>
#include <QtQml/qqmlregistration.h>

namespace alcove::controls {

class Icon : public QQuickPaintedItem
{
    Q_OBJECT
    QML_ELEMENT
    // File name in resources/icons without ".svg".
    Q_PROPERTY(QString name READ name WRITE setName NOTIFY nameChanged FINAL)
    Q_PROPERTY(QColor color READ color WRITE setColor NOTIFY colorChanged FINAL)
    // Draws left for right: arrows and chevrons in right-to-left layouts.
    Q_PROPERTY(bool mirrored READ mirrored WRITE setMirrored NOTIFY mirroredChanged FINAL)
public:
    explicit Icon(QQuickItem *parent = nullptr);

    QString name() const { return m_name; }
    void setName(const QString &name);
    QColor color() const { return m_color; }
    void setColor(const QColor &color);
    bool mirrored() const { return m_mirrored; }
    void setMirrored(bool mirrored);

    void paint(QPainter *painter) override;

signals:
    void nameChanged();
    void colorChanged();
    void mirroredChanged();

private:
    void reload();

    QString m_name;
    QColor m_color = Qt::black;
    bool m_mirrored = false;
    QSvgRenderer m_renderer;
};

} // namespace alcove::controls
