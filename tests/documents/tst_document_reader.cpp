// The reader process: what it hands over, and that no file takes more with it than the process.

#include "core/documents/document_reader.h"
#include "core/documents/text_codec.h"
#include "document_support.h"

#include <QElapsedTimer>
#include <QGuiApplication>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

const QString kProgram = QStringLiteral(ALCOVE_BIN_DIR "/alcove-reader");

} // namespace

class TestDocumentReader : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsAFile()
    {
        const auto document = DocumentReader(kProgram).read(
            {file(QStringLiteral("a.md"), "# Title\n\nText, 数据库 😀.\n"), {}, true});
        QVERIFY2(document, document ? "" : document.error().message.c_str());
        QCOMPARE(outline(*document),
                 (QStringList{QStringLiteral("H1 Title"), QStringLiteral("P Text, 数据库 😀.")}));
    }

    void namesThatAreNoUtf8()
    {
        // Such a name cannot be told apart from others in UTF-8; the answer is an error, no crash.
        const auto document = DocumentReader(kProgram).read({"/tmp/\xFF\xFE.txt", {}, true});
        QVERIFY(!document);
    }

    void saysWhyNot()
    {
        const DocumentReader reader(kProgram);
        const auto missing = reader.read({"/nowhere/a.txt", {}, true});
        QVERIFY(!missing);
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        const auto picture =
            reader.read({file(QStringLiteral("a.png"), "\x89PNG\r\n\x1a\n"), {}, true});
        QVERIFY(!picture);
        QCOMPARE(picture.error().code, ErrorCode::Unsupported);
        const auto misnamed = reader.read({file(QStringLiteral("a.docx"), "no archive"), {}, true});
        QVERIFY(!misnamed);
        QCOMPARE(misnamed.error().code, ErrorCode::InvalidFile);
        const auto old = reader.read(
            {file(QStringLiteral("a.doc"), QByteArray("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")),
             {},
             true});
        QVERIFY(!old);
        QVERIFY(old.error().message.find(".docx") != std::string::npos);
        const auto none = DocumentReader(QStringLiteral("/nowhere/reader")).read({"/a", {}, true});
        QVERIFY(!none);
        QCOMPARE(none.error().code, ErrorCode::NotFound);
    }

    void aProcessThatFallsIsAnError()
    {
        const QString script = m_folder.filePath(QStringLiteral("falls"));
        QVERIFY(write(script, "#!/bin/sh\nkill -SEGV $$\n"));
        QVERIFY(
            QFile::setPermissions(script, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
        const auto document = DocumentReader(script).read({"/a.txt", {}, true});
        QVERIFY(!document);
        QCOMPARE(document.error().code, ErrorCode::InvalidFile);
    }

    void aProcessThatIsSilentIsEnded()
    {
        const QString script = m_folder.filePath(QStringLiteral("sleeps"));
        QVERIFY(write(script, "#!/bin/sh\nexec sleep 600\n"));
        QVERIFY(
            QFile::setPermissions(script, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
        DocumentReader::Bounds bounds;
        bounds.silentMs = 300;
        const auto document = DocumentReader(script, bounds).read({"/a.txt", {}, true});
        QVERIFY(!document);
        QCOMPARE(document.error().code, ErrorCode::TimedOut);
        const CancelToken cancel;
        cancel.cancel();
        QCOMPARE(DocumentReader(script).read({"/a.txt", {}, true}, cancel).error().code,
                 ErrorCode::Cancelled);
    }

    // Whatever the encoding: values in values are not followed until the stack is at its end.
    void noDepthBringsTheProgramDown()
    {
        for (int byte = 0; byte < 256; ++byte) {
            const std::vector<std::uint8_t> bytes(4'000'000, std::uint8_t(byte));
            const auto outcome = decodeOutcome(bytes);
            QVERIFY(!outcome);
            QCOMPARE(outcome.error().code, ErrorCode::InvalidFile);
        }
    }

    void nonsenseIsRefused_data()
    {
        QTest::addColumn<QByteArray>("answer");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("noise") << QByteArray("\xFF\x00\x12", 3);
        DocumentBuilder builder(PageKind::None, {});
        builder.paragraph("Some text.");
        const DocumentText good = builder.finish();
        const auto bytes = [](const DocumentText &document) {
            const auto encoded = encodeOutcome(document);
            return QByteArray(reinterpret_cast<const char *>(encoded.data()),
                              qsizetype(encoded.size()));
        };
        QVERIFY(decodeOutcome(encodeOutcome(good)));
        DocumentText bad = good;
        bad.blocks[0].end = 1000;
        QTest::newRow("a block beyond its page") << bytes(bad);
        bad = good;
        bad.blocks[0].page = 1;
        QTest::newRow("a block of no page") << bytes(bad);
        bad = good;
        bad.blocks.push_back(bad.blocks[0]);
        QTest::newRow("blocks that overlap") << bytes(bad);
        bad = good;
        bad.pages[0].text = "\xE2\x82\xAC";
        bad.blocks[0].end = 2;
        QTest::newRow("a block that ends in a character") << bytes(bad);
        bad = good;
        bad.pages.clear();
        bad.blocks.clear();
        QTest::newRow("no page") << bytes(bad);
        QTest::newRow("cut off") << bytes(good).chopped(5);
    }
    void nonsenseIsRefused()
    {
        QFETCH(QByteArray, answer);
        const auto document =
            decodeOutcome({reinterpret_cast<const std::uint8_t *>(answer.constData()),
                           std::size_t(answer.size())});
        QVERIFY(!document);
        QCOMPARE(document.error().code, ErrorCode::InvalidFile);
    }

    void errorsCrossTheBorder()
    {
        const Result<DocumentText> failed = fail(ErrorCode::PasswordNeeded, "Locked.", "detail");
        const auto back = decodeOutcome(encodeOutcome(failed));
        QVERIFY(!back);
        QCOMPARE(back.error().code, ErrorCode::PasswordNeeded);
        QCOMPARE(back.error().message, std::string("Locked."));
    }

private:
    std::string file(const QString &name, const QByteArray &bytes)
    {
        const QString path = m_folder.filePath(name);
        return write(path, bytes) ? path.toStdString() : std::string();
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestDocumentReader)
#include "tst_document_reader.moc"
