#include "app/documents/page_image.h"

#include <QPainter>

namespace alcove::documentsui {

PageImage::PageImage(QQuickItem *parent) : QQuickPaintedItem(parent)
{
    connect(this, &QQuickItem::widthChanged, this, &PageImage::fit);
}

void PageImage::fit()
{
    const QImage image = m_source ? m_source->picture() : QImage();
    setImplicitWidth(image.width());
    setImplicitHeight(image.isNull() ? 0 : width() * image.height() / image.width());
    update();
}

void PageImage::setSource(SourceViewModel *source)
{
    if (source == m_source)
        return;
    if (m_source)
        m_source->disconnect(this);
    m_source = source;
    if (m_source)
        connect(m_source, &SourceViewModel::pictureChanged, this, &PageImage::fit);
    fit();
    emit sourceChanged();
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
    if (!m_source || m_source->picture().isNull())
        return;
    painter->setRenderHint(QPainter::SmoothPixmapTransform);
    painter->drawImage(QRectF(0, 0, width(), height()), m_source->picture());
    // As a marker pen does: what is dark stays readable under it.
    painter->setCompositionMode(QPainter::CompositionMode_Multiply);
    for (const QRectF &mark : m_source->marks())
        painter->fillRect(QRectF(mark.x() * width(), mark.y() * height(), mark.width() * width(),
                                 mark.height() * height()),
                          m_markColor);
}

} // namespace alcove::documentsui
