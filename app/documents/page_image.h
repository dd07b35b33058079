// PageImage: the picture of a SourceViewModel's page as an item, with the passage marked upon it.
//
// GUI thread. The picture fills the item's width.
#pragma once

#include "app/documents/source_view_model.h"

#include <QColor>
#include <QPointer>
#include <QQuickPaintedItem>
#include <QtQml/qqmlregistration.h>

namespace alcove::documentsui {

class PageImage : public QQuickPaintedItem
{
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(alcove::documentsui::SourceViewModel *source READ source WRITE setSource NOTIFY
                   sourceChanged FINAL)
    Q_PROPERTY(QColor markColor READ markColor WRITE setMarkColor NOTIFY markColorChanged FINAL)
public:
    explicit PageImage(QQuickItem *parent = nullptr);

    SourceViewModel *source() const { return m_source; }
    void setSource(SourceViewModel *source);
    QColor markColor() const { return m_markColor; }
    void setMarkColor(const QColor &color);

    void paint(QPainter *painter) override;

signals:
    void sourceChanged();
    void markColorChanged();

private:
    void fit();

    QPointer<SourceViewModel> m_source;
    QColor m_markColor;
};

} // namespace alcove::documentsui
