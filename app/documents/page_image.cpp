#include "app/documents/page_image.h"

#include <QPainter>

namespace alcove::documentsui {

PageImage::PageImage(QQuickItem *parent) : QQuickPaintedItem(parent)
{
    connect(this, &QQuickItem::widthChanged, this, &PageImage::fit);
}

void PageImage::fit()
{
    setImplicitHeight(m_image.isNull() ? 0 : width() * m_image.height() / m_image.width());
    update();
}

void PageImage::setImage(const QImage &image)
{
    m_image = image;
    setImplicitWidth(image.width());
    fit();
    emit imageChanged();
}

void PageImage::setMarks(const QList<QRectF> &marks)
{
    if (marks == m_marks)
        return;
    m_marks = marks;
    update();
    emit marksChanged();
}

void PageImage::setMarkColor(const QColor &color)
{
    if (color == m_markColor)
        return;
    m_markColor = color;
    update();
    emit markColorChanged();
}

void PageImage::paint(QPainter *painter)
{
    if (m_image.isNull())
        return;
    const QRectF whole(0, 0, width(), height());
    painter->setRenderHint(QPainter::SmoothPixmapTransform);
    painter->drawImage(whole, m_image);
    // As a marker pen does: what is dark stays readable under it.
    painter->setCompositionMode(QPainter::CompositionMode_Multiply);
    for (const QRectF &mark : m_marks)
        painter->fillRect(QRectF(mark.x() * width(), mark.y() * height(), mark.width() * width(),
                                 mark.height() * height()),
                          m_markColor);
}

} // namespace alcove::documentsui
