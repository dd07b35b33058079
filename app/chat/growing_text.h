// GrowingText: fills the document of a TextEdit with plain text that mostly grows at its end.
//
// What is added is laid out, and nothing before it again; a selection stays. A TextEdit's own
// `text` does neither, and knows no line height for plain text. GUI thread; nothing fails.
#pragma once

#include <QObject>
#include <QPointer>
#include <QQuickTextDocument>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace alcove::chatui {

class GrowingText : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(
        QQuickTextDocument *document READ document WRITE setDocument NOTIFY documentChanged FINAL)
    Q_PROPERTY(QString text READ text WRITE setText NOTIFY textChanged FINAL)
    // In percent of the font's own line.
    Q_PROPERTY(double lineHeight READ lineHeight WRITE setLineHeight NOTIFY lineHeightChanged FINAL)
public:
    explicit GrowingText(QObject *parent = nullptr) : QObject(parent) { }

    QQuickTextDocument *document() const { return m_document; }
    void setDocument(QQuickTextDocument *document);
    QString text() const { return m_text; }
    void setText(const QString &text);
    double lineHeight() const { return m_lineHeight; }
    void setLineHeight(double percent);

signals:
    void documentChanged();
    void textChanged();
    void lineHeightChanged();

private:
    void fill();

    QPointer<QQuickTextDocument> m_document;
    QString m_text;
    double m_lineHeight = 100;
};

} // namespace alcove::chatui
