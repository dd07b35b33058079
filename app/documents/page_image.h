// PageImage: a picture of a page as an item, with the marks upon it.
//
// GUI thread. The picture fills the item's width; marks are fractions of it.
#pragma once

#include <QColor>
#include <QImage>
#include <QQuickPaintedItem>
#include <QRectF>
#include <QtQml/qqmlregistration.h>

namespace alcove::documentsui {

class PageImage : public QQuickPaintedItem
{
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QImage image READ image WRITE setImage NOTIFY imageChanged FINAL)
    Q_PROPERTY(QList<QRectF> marks READ marks WRITE setMarks NOTIFY marksChanged FINAL)
    Q_PROPERTY(QColor markColor READ markColor WRITE setMarkColor NOTIFY markColorChanged FINAL)
public:
    explicit PageImage(QQuickItem *parent = nullptr);

    QImage image() const { return m_image; }
    void setImage(const QImage &image);
    QList<QRectF> marks() const { return m_marks; }
    void setMarks(const QList<QRectF> &marks);
    QColor markColor() const { return m_markColor; }
    void setMarkColor(const QColor &color);

    void paint(QPainter *painter) override;

signals:
    void imageChanged();
    void marksChanged();
    void markColorChanged();

private:
    void fit();

    QImage m_image;
    QList<QRectF> m_marks;
    QColor m_markColor;
};

} // namespace alcove::documentsui
