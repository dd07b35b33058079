// Every text with a number in it has both its English forms.

#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTest>
#include <QXmlStreamReader>

class TestTranslations : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void pluralFormsAreThere()
    {
        QFile file(QStringLiteral(ALCOVE_SOURCE_DIR "/translations/alcove_en.ts"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QSet<QString> known;
        QXmlStreamReader xml(&file);
        while (!xml.atEnd()) {
            if (xml.readNext() == QXmlStreamReader::StartElement
                && xml.name() == QLatin1String("source"))
                known.insert(xml.readElementText());
            else if (xml.isStartElement() && xml.name() == QLatin1String("numerusform"))
                QVERIFY(!xml.readElementText().isEmpty());
        }
        QVERIFY(!xml.hasError());

        // Adjacent literals are one text.
        static const QRegularExpression call(
            QStringLiteral("\\b(?:qsTr|tr)\\(\\s*((?:\"(?:[^\"\\\\]|\\\\.)*\"\\s*)+)"));
        static const QRegularExpression join(QStringLiteral("\"\\s*\""));
        int found = 0;
        QDirIterator files(QStringLiteral(ALCOVE_SOURCE_DIR "/app"),
                           {QStringLiteral("*.cpp"), QStringLiteral("*.qml")}, QDir::Files,
                           QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile source(files.next());
            QVERIFY(source.open(QIODevice::ReadOnly));
            const QString text = QString::fromUtf8(source.readAll());
            auto calls = call.globalMatch(text);
            while (calls.hasNext()) {
                QString words = calls.next().captured(1).trimmed();
                words.remove(join);
                words = words.mid(1, words.size() - 2);
                if (!words.contains(QLatin1String("%n")))
                    continue;
                ++found;
                QVERIFY2(known.contains(words),
                         qPrintable(source.fileName() + QStringLiteral(": ") + words));
            }
        }
        QVERIFY(found >= 10);
    }
};

QTEST_APPLESS_MAIN(TestTranslations)
#include "tst_translations.moc"
