// SourceViewModel: the document that is being looked at, at the passage that is cited.
//
// GUI thread; over DocumentService, which outlives it. The text is shown as it was read; a PDF page
// also as a picture, which alcove-reader draws: nothing of a document is parsed here.
#pragma once

#include "core/base/cancellation.h"
#include "core/documents/document_service.h"

#include <QImage>
#include <QObject>
#include <QRectF>
#include <QString>
#include <QThreadPool>
#include <QVariantMap>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace alcove::documentsui {

class SourceViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    Q_PROPERTY(bool open READ isOpen NOTIFY openChanged FINAL)
    Q_PROPERTY(QString name READ name NOTIFY pageChanged FINAL) // of the file
    Q_PROPERTY(QString path READ path NOTIFY pageChanged FINAL)
    Q_PROPERTY(QString place READ place NOTIFY pageChanged FINAL) // "Page 3 of 12"; may be empty
    Q_PROPERTY(bool hasEarlier READ hasEarlier NOTIFY pageChanged FINAL)
    Q_PROPERTY(bool hasLater READ hasLater NOTIFY pageChanged FINAL)
    Q_PROPERTY(bool pictured READ pictured NOTIFY pageChanged FINAL) // its pages can be drawn
    // The page's text in three parts, as markup whose text is escaped; `marked` is the passage.
    Q_PROPERTY(QString before READ before NOTIFY pageChanged FINAL)
    Q_PROPERTY(QString marked READ marked NOTIFY pageChanged FINAL)
    Q_PROPERTY(QString after READ after NOTIFY pageChanged FINAL)
    Q_PROPERTY(int markedAt READ markedAt NOTIFY pageChanged FINAL) // characters before it
    // What the reader should know: the file has changed since, or is gone; may be empty.
    Q_PROPERTY(QString note READ note NOTIFY pageChanged FINAL)
    // Where the passage begins on the picture, as a fraction of its height; -1: not known.
    Q_PROPERTY(double firstMark READ firstMark NOTIFY pictureChanged FINAL)
    Q_PROPERTY(bool drawing READ drawing NOTIFY pictureChanged FINAL)
    Q_PROPERTY(QString pictureError READ pictureError NOTIFY pictureChanged FINAL)
public:
    explicit SourceViewModel(documents::DocumentService &service, QObject *parent = nullptr);
    ~SourceViewModel() override;

    bool isOpen() const { return m_open; }
    QString name() const;
    QString path() const { return m_wanted.path; }
    QString place() const;
    bool hasEarlier() const { return m_page > 0; }
    bool hasLater() const { return m_page + 1 < int(m_pages.size()); }
    bool pictured() const;
    QString before() const { return m_before; }
    QString marked() const { return m_marked; }
    QString after() const { return m_after; }
    int markedAt() const { return m_markedAt; }
    QString note() const { return m_note; }
    QImage picture() const { return m_picture; } // null: none yet
    const QList<QRectF> &marks() const { return m_marks; } // fractions of it
    double firstMark() const { return m_marks.isEmpty() ? -1 : m_marks.first().y(); }
    bool drawing() const { return m_drawing; }
    QString pictureError() const { return m_pictureError; }

    // Of {path, begin, end, text, hash}, as citations and search results have them; without begin
    // the document from its first page. `hash` may be missing.
    Q_INVOKABLE void show(const QVariantMap &passage);
    Q_INVOKABLE void close();
    Q_INVOKABLE void turn(int pages); // on, or back
    Q_INVOKABLE void openFile(); // in the program that the system has for it

signals:
    void openChanged();
    void pageChanged();
    void pictureChanged();

private:
    struct Wanted {
        QString path;
        QString text;
        QString hash;
        qint64 begin = -1; // code points; -1: no passage
        qint64 end = -1;
    };
    void setPages(const std::vector<documents::Page> &pages, documents::PageKind kind,
                  const QString &hash);
    void showPage();
    void draw();
    void showPicture(Result<documents::PagePicture> picture);

    documents::DocumentService &m_service;
    bool m_open = false;
    Wanted m_wanted;
    documents::PageKind m_kind = documents::PageKind::None;
    std::vector<documents::Page> m_pages;
    std::vector<qint64> m_pageBegins; // code points
    int m_page = 0;
    QString m_before;
    QString m_marked;
    QString m_after;
    int m_markedAt = 0;
    QString m_note;
    QString m_passageOnPage; // plain text
    QImage m_picture;
    QList<QRectF> m_marks;
    bool m_drawing = false;
    QString m_pictureError;
    quint64 m_generation = 0; // of what is wanted; answers to earlier wishes are dropped
    CancelToken m_drawingCancel;
    quint64 m_drawn = 0; // the picture that was asked for last
    QThreadPool m_drawers;
};

} // namespace alcove::documentsui
