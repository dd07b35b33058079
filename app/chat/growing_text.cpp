#include "app/chat/growing_text.h"

#include <QTextBlockFormat>
#include <QTextCursor>
#include <QTextDocument>

namespace alcove::chatui {

void GrowingText::setDocument(QQuickTextDocument *document)
{
    if (document == m_document)
        return;
    m_document = document;
    fill();
    emit documentChanged();
}

void GrowingText::setText(const QString &text)
{
    if (text == m_text)
        return;
    const bool grows = text.startsWith(m_text) && !m_text.isEmpty();
    const QString added = grows ? text.mid(m_text.size()) : QString();
    m_text = text;
    if (grows && m_document) {
        QTextCursor cursor(m_document->textDocument());
        cursor.movePosition(QTextCursor::End);
        cursor.insertText(added); // new lines take the format of the one before
    } else {
        fill();
    }
    emit textChanged();
}

void GrowingText::setLineHeight(double percent)
{
    if (percent == m_lineHeight)
        return;
    m_lineHeight = percent;
    fill();
    emit lineHeightChanged();
}

void GrowingText::fill()
{
    if (!m_document)
        return;
    QTextDocument *document = m_document->textDocument();
    document->setUndoRedoEnabled(false);
    QTextCursor cursor(document);
    cursor.beginEditBlock();
    cursor.select(QTextCursor::Document);
    cursor.insertText(m_text);
    QTextBlockFormat format;
    format.setLineHeight(m_lineHeight, QTextBlockFormat::ProportionalHeight);
    cursor.select(QTextCursor::Document);
    cursor.mergeBlockFormat(format);
    cursor.endEditBlock();
}

} // namespace alcove::chatui
