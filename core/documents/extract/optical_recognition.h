// OpticalRecognition: letters on pictures of pages, by the Tesseract program where it is installed.
//
// Runs the program for each page and waits for it; any thread, one page at a time.
#pragma once

#include "core/documents/extract/page_lines.h"

#include <QImage>
#include <QString>

#include <optional>

class QPdfDocument;

namespace alcove::documents {

class OpticalRecognition
{
public:
    // Looks for the program once.
    static OpticalRecognition find();

    bool available() const { return !m_program.isEmpty(); }
    // The lines of the picture, with a blank place between paragraphs lost; nothing: none were
    // found or the program failed.
    std::optional<PageOfLines> read(const QImage &picture) const;

private:
    QString m_program;
    QString m_languages; // all that are installed, as Tesseract takes them: "deu+eng"
};

// The page in grey at 300 dots an inch, at most 4,000 a side.
QImage pictureOf(QPdfDocument &document, int page);

// Whether there is anything but paper on it.
bool hasInk(const QImage &picture);

} // namespace alcove::documents
