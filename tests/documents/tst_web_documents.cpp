// The readers of web pages, books and mails, on what pandoc writes, on what is found in the wild,
// and on what nobody should write.

#include "tests/documents/reader_checks.h"

#include <QElapsedTimer>
#include <QTest>

using namespace alcove;
using namespace alcove::documents;
using namespace alcove::test;

namespace {

const char *const kSource = R"(---
title: Über die Häfen
lang: de-DE
---

# Erstes Kapitel

Ein Absatz mit **fettem** Wort, 日本語, العربية und 🚢 am Ende.

## Liste

- Apfel
- Birne
    - Williams

## Tabelle

| Ort     | Tiefe |
|---------|-------|
| Hamburg | 15    |

```
if (a)
    b();
```

Letzter Absatz.
)";

const char *const kTold = "H1 Über die Häfen\n"
                          "H1 Erstes Kapitel\n"
                          "P Ein Absatz mit fettem Wort, 日本語, العربية und 🚢 am Ende.\n"
                          "H2 Liste\nL1 Apfel\nL1 Birne\nL2 Williams\n"
                          "H2 Tabelle\nRH Ort | Tiefe\nR Hamburg | 15\n"
                          "C if (a)\\n    b();\n"
                          "P Letzter Absatz.\n";

const std::string kContainer =
    "<container><rootfiles><rootfile full-path='OPS/book.opf'/></rootfiles></container>";

std::string opf(const std::string &manifest, const std::string &spine)
{
    return "<package xmlns:dc='urn:dc'><metadata><dc:title>Book</dc:title><dc:language>fr"
           "</dc:language></metadata><manifest>"
        + manifest + "</manifest><spine>" + spine + "</spine></package>";
}

std::string item(const std::string &id, const std::string &href)
{
    return "<item id='" + id + "' href='" + href + "' media-type='application/xhtml+xml'/>";
}

} // namespace

class TestWebDocuments : public QObject
{
    Q_OBJECT
private:
    QTemporaryDir m_folder;
    bool m_pandoc = false;

    QString path(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)); }

    QString html(const QByteArray &page) const
    {
        writeFile(path("page.html"), page);
        return path("page.html");
    }

    QString mail(const QByteArray &message) const
    {
        writeFile(path("mail.eml"), message);
        return path("mail.eml");
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        writeFile(path("source.md"), kSource);
        m_pandoc = hasProgram("pandoc");
        for (const char *format : {"html", "epub"}) {
            m_pandoc = m_pandoc
                && ran(m_folder.path(), "pandoc",
                       {QStringLiteral("source.md"), QStringLiteral("-s"), QStringLiteral("-o"),
                        QStringLiteral("source.") + QString::fromLatin1(format)});
        }
    }

    void readsWhatPandocWrites_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("html") << QStringLiteral("source.html");
        QTest::newRow("epub") << QStringLiteral("source.epub");
    }
    void readsWhatPandocWrites()
    {
        if (!m_pandoc)
            QSKIP("pandoc is not installed, or could not write the files");
        QFETCH(QString, file);
        const Reader reader = file.endsWith(u"html") ? readHtml : readEpub;
        const auto document = reader(m_folder.filePath(file).toStdString(), {});
        QCOMPARE(told(document), QString::fromUtf8(kTold));
        QCOMPARE(document->title, std::string("Über die Häfen"));
        QCOMPARE(document->language, std::string("de-DE"));
    }

    void readsPages_data()
    {
        QTest::addColumn<QByteArray>("page");
        QTest::addColumn<QString>("lines");
        const auto row = [](const char *name, const char *page, const char *lines) {
            QTest::newRow(name) << QByteArray(page) << QString::fromUtf8(lines);
        };
        row("white space", "<p>  a\n b<b> c</b> <i>d</i>e&nbsp; f<br> g </p>text",
            "P a b c de  f\\ng\nP text\n");
        row("hidden",
            "<head><title>T</title><style>s</style></head><p>a<script>b</script></p>"
            "<noscript>c</noscript><template>d</template><p hidden>e</p>"
            "<div style='color: red; display: none'>f<p>g</p></div><svg><title>h</title></svg>i",
            "P a\nP i\n");
        row("lists",
            "<ul><li>a<ol><li>b<p>c</p></li></ol></li><li><p>d</p><p>e</p></li></ul>"
            "<li>f",
            "L1 a\nL2 b\nP c\nL1 d\nP e\nL1 f\n");
        row("code", "<pre>\n  a\n    b</pre><pre>c</pre><p>x <code>y</code></p>",
            "C   a\\n    b\nC c\nP x y\n");
        row("table",
            "<table><caption>Cap</caption><thead><tr><td>A<td>B</thead>"
            "<tr><td>1<td>2<br>3</table><table><tr><th>C<th>D<tr><th>4<td>5</table>",
            "P Cap\nRH A | B\nR 1 | 2 3\nRH C | D\nR 4 | 5\n");
        row("layout",
            "<table><tr><td><ul><li>menu</ul></td><td><h2>News</h2><p>one</p>"
            "<table><tr><th>x<th>y<tr><td>1<td>2</table></td></tr></table>",
            "L1 menu\nH2 News\nP one\nRH x | y\nR 1 | 2\n");
        row("no end tags", "<h1>A<p>b<p>c<div>d", "H1 A\nP b\nP c\nP d\n");
        row("nothing", "", "");
        row("no markup", "just text & more", "P just text & more\n");
        row("latin 1",
            "<meta charset=iso-8859-1><p>Gr\xFC\xDF"
            "e \x80",
            "P Grüße €\n");
        row("http-equiv",
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>\xCF\xF0\xE8",
            "P При\n");
        row("wrong charset", "<meta charset=windows-1251><p>東京 und Grüße</p>",
            "P 東京 und Grüße\n");
        row("no such charset", "<meta charset=x-none><p>Grüße</p>", "P Grüße\n");
        row("byte order mark", "\xEF\xBB\xBF<p>東京</p>", "P 東京\n");
        row("entities", "<p>&lt;a&gt; &auml;&#128674;&#x1F6A2;&unknown; &#0;&#xFFFFFFFF;b</p>",
            "P <a> ä🚢🚢&unknown; b\n");
    }
    void readsPages()
    {
        QFETCH(QByteArray, page);
        QFETCH(QString, lines);
        QCOMPARE(told(readHtml, html(page)), lines);
    }

    void readsOtherEncodings()
    {
        const QString text = QStringLiteral("<html lang='ja'><p>東京 🚢</p>");
        QByteArray wide = QByteArrayLiteral("\xFF\xFE");
        for (const QChar c : text)
            wide += QByteArray(1, char(c.unicode() & 0xff)) + QByteArray(1, char(c.unicode() >> 8));
        const auto document = readHtml(html(wide).toStdString(), {});
        QCOMPARE(told(document), QStringLiteral("P 東京 🚢\n"));
        QCOMPARE(document->language, std::string("ja"));
        QCOMPARE(told(readHtml, html("<meta charset=shift_jis><p>\x93\x8C\x8B\x9E</p>")),
                 QStringLiteral("P 東京\n"));
        // Not declared, and found out.
        QByteArray russian;
        for (int i = 0; i < 20; ++i)
            russian += "\xCF\xF0\xE8\xE2\xE5\xF2, \xEA\xE0\xEA \xE4\xE5\xEB\xE0? ";
        QVERIFY(
            told(readHtml, html("<p>" + russian)).contains(QStringLiteral("Привет, как дела?")));
    }

    void boundsPages()
    {
        QElapsedTimer clock;
        clock.start();
        QCOMPARE(told(readHtml, html(QByteArray("<div>").repeated(1'000'000) + "deep")),
                 QStringLiteral("P deep\n"));
        QVERIFY(
            !told(readHtml, html(QByteArray("<table><tr><td>").repeated(20'000) + "x")).isEmpty());
        QVERIFY(!told(readHtml, html(QByteArray("<ul><li>").repeated(100'000) + "x")).isEmpty());
        QCOMPARE(told(readHtml, html("a" + QByteArray("</b>").repeated(1'000'000))),
                 QStringLiteral("P a\n"));
        ReadOptions options;
        options.limits.textBytes = 1000;
        QCOMPARE(failure(readHtml, html(QByteArray("word ").repeated(1000)), options),
                 ErrorCode::Unsupported);
        QCOMPARE(failure(readHtml, html(QByteArray("<p>word").repeated(1000)), options),
                 ErrorCode::Unsupported);
        QCOMPARE(
            failure(readHtml, html("<table>" + QByteArray("<tr><td>").repeated(1000)), options),
            ErrorCode::Unsupported);
        QVERIFY(clock.elapsed() < 120000);
    }

    void readsBooks()
    {
        const QString file = path("book.epub");
        writeArchive(
            file,
            {{"META-INF/container.xml", kContainer},
             {"OPS/book.opf",
              opf(item("a", "text/one%20two.xhtml") + item("b", "b.xhtml") + item("c", "c.xhtml")
                      + "<item id='n' href='nav.xhtml' media-type='application/xhtml+xml' "
                        "properties='nav'/>",
                  "<itemref idref='n'/><itemref idref='c' linear='no'/><itemref idref='b'/>"
                  "<itemref idref='a'/><itemref idref='a'/><itemref idref='none'/>")},
             {"OPS/text/one two.xhtml",
              "<?xml version='1.0' encoding='utf-8'?><html><head><title/></head><body>"
              "<script src='x'/><h1><a id='x'/>Deux</h1><p>é</p></body></html>"},
             {"OPS/b.xhtml", "<html><body><h1>Un</h1></body></html>"},
             {"OPS/nav.xhtml", "<html><body>nav</body></html>"},
             {"OPS/c.xhtml", "<html><body>note</body></html>"}});
        const auto document = readEpub(file.toStdString(), {});
        QCOMPARE(told(document), QStringLiteral("H1 Un\nH1 Deux\nP é\nP note\n"));
        QCOMPARE(document->language, std::string("fr"));
    }

    void refusesBooks()
    {
        const QString file = path("bad.epub");
        const auto encryption = [](const std::string &method) {
            return "<encryption xmlns:e='urn:e'><e:EncryptedData><e:EncryptionMethod Algorithm='"
                + method
                + "'/><e:CipherData><e:CipherReference URI='x'/></e:CipherData>"
                  "</e:EncryptedData></encryption>";
        };
        const std::pair<std::string, std::string> container{"META-INF/container.xml", kContainer};
        const std::pair<std::string, std::string> package{
            "OPS/book.opf", opf(item("a", "a.xhtml"), "<itemref idref='a'/>")};
        const std::pair<std::string, std::string> chapter{"OPS/a.xhtml", "<p>a</p>"};
        writeArchive(file,
                     {container,
                      package,
                      chapter,
                      {"META-INF/encryption.xml",
                       encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}});
        QCOMPARE(failure(readEpub, file), ErrorCode::Unsupported);
        writeArchive(
            file,
            {container,
             package,
             chapter,
             {"META-INF/encryption.xml", encryption("http://www.idpf.org/2008/embedding")}});
        QCOMPARE(told(readEpub, file), QStringLiteral("P a\n"));
        writeArchive(file, {container, package});
        QCOMPARE(failure(readEpub, file), ErrorCode::InvalidFile);
        writeArchive(file, {container});
        QCOMPARE(failure(readEpub, file), ErrorCode::InvalidFile);
        writeArchive(file, {package, chapter});
        QCOMPARE(failure(readEpub, file), ErrorCode::InvalidFile);
        writeArchive(file, {container, {"OPS/book.opf", opf({}, {})}});
        QCOMPARE(failure(readEpub, file), ErrorCode::InvalidFile);
    }

    void readsMail()
    {
        const auto document = readEmail(mail(R"(From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>
To: Bob <bob@example.org>, al@example.org
Cc: cy@example.org
Subject: =?utf-8?b?5p2x5Lqs44Gu5riv?=
Date: Fri, 01 Mar 2024 14:30:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: multipart/alternative; boundary="y"

--y
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe aus
Hamburg.

Zweiter Absatz.
--y
Content-Type: text/html; charset=utf-8

<p>HTML</p>
--y--
--x
Content-Type: application/pdf; name="plan.pdf"
Content-Disposition: attachment; filename="plan.pdf"
Content-Transfer-Encoding: base64

AAAA
--x
Content-Type: message/rfc822

From: Cy <cy@example.org>
Subject: Inner
Content-Type: text/html; charset=koi8-r
Content-Transfer-Encoding: base64

PGgxPvDSyTwvaDE+PHVsPjxsaT7I88bSPC91bD4=
--x--
)")
                                            .toStdString(),
                                        {});
        QCOMPARE(told(document),
                 QStringLiteral("H1 東京の港\n"
                                "P From: Ann Müller <ann@example.org>\\n"
                                "To: Bob <bob@example.org>, al@example.org\\n"
                                "Cc: cy@example.org\\nDate: 2024-03-01 14:30 +0100\n"
                                "P Grüße aus\\nHamburg.\nP Zweiter Absatz.\n"
                                "P Attachment: plan.pdf\n"
                                "H2 Inner\nP From: Cy <cy@example.org>\nH1 При\nL1 хСфр\n"));
        QCOMPARE(document->title, std::string("東京の港"));
    }

    void readsOtherMail_data()
    {
        QTest::addColumn<QByteArray>("message");
        QTest::addColumn<QString>("lines");
        const auto row = [](const char *name, const char *message, const char *lines) {
            QTest::newRow(name) << QByteArray(message) << QString::fromUtf8(lines);
        };
        row("no type", "Subject: s\n\nHello\n", "H1 s\nP Hello\n");
        row("line ends", "Subject: s\r\n\r\na\r\n\r\nb\r\n", "H1 s\nP a\nP b\n");
        row("of a mailbox", "From ann Fri Mar  1\nSubject: s\n\nHello\n", "H1 s\nP Hello\n");
        row("only heads", "Subject: s\n", "H1 s\n");
        row("wrong charset",
            "Subject: s\nContent-Type: text/plain; charset=x-none\n\n\xE6\x9D\xB1\n",
            "H1 s\nP 東\n");
        row("flowed", "Subject: s\nContent-Type: text/plain; format=flowed\n\none \ntwo\n",
            "H1 s\nP one two\n");
        row("empty text",
            "Subject: s\nContent-Type: multipart/alternative; boundary=b\n\n--b\n"
            "Content-Type: text/plain\n\n \n--b\nContent-Type: text/html\n\n<p>page</p>\n--b--\n",
            "H1 s\nP page\n");
        row("no last boundary",
            "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n",
            "H1 s\nP text\n");
        row("no boundary", "Subject: s\nContent-Type: multipart/mixed\n\n--b\n\ntext\n", "H1 s\n");
        row("signed",
            "Subject: s\nContent-Type: multipart/signed; boundary=b\n\n--b\n\ntext\n--b\n"
            "Content-Type: application/pgp-signature; name=s.asc\n\nxxx\n--b--\n",
            "H1 s\nP text\n");
        row("encrypted",
            "Subject: s\nContent-Type: multipart/encrypted; boundary=b; "
            "protocol=\"application/pgp-encrypted\"\n\n--b\n\nxxx\n--b--\n",
            "H1 s\n");
    }
    void readsOtherMail()
    {
        QFETCH(QByteArray, message);
        QFETCH(QString, lines);
        const auto document = readEmail(mail(message).toStdString(), {});
        QCOMPARE(told(document), lines);
        if (QTest::currentDataTag() == std::string_view("encrypted"))
            QCOMPARE(document->remarks.size(), std::size_t(1));
    }

    void boundsMail()
    {
        QCOMPARE(failure(readEmail, mail("just some text\n")), ErrorCode::InvalidFile);
        QCOMPARE(failure(readEmail, mail({})), ErrorCode::InvalidFile);
        QCOMPARE(failure(readEmail, path("absent")), ErrorCode::NotFound);
        const auto nested = [](int depth) {
            QByteArray message = "Subject: deep\nMIME-Version: 1.0\n";
            for (int i = 0; i < depth; ++i)
                message += "Content-Type: multipart/mixed; boundary=b" + QByteArray::number(i)
                    + "\n\n--b" + QByteArray::number(i) + '\n';
            return message + "Content-Type: text/plain\n\ndeepest\n";
        };
        QCOMPARE(told(readEmail, mail(nested(50))), QStringLiteral("H1 deep\nP deepest\n"));
        QCOMPARE(told(readEmail, mail(nested(1000))), QStringLiteral("H1 deep\n"));
        QCOMPARE(failure(readEmail, mail(nested(100'000))), ErrorCode::Unsupported);
        const QByteArray forwarded =
            QByteArray("Subject: s\nContent-Type: message/rfc822\n\n").repeated(1000);
        const auto document = readEmail(mail(forwarded).toStdString(), {});
        QVERIFY(document && document->blocks.size() <= 20 && document->remarks.size() == 1);
        ReadOptions options;
        options.limits.textBytes = 1000;
        QCOMPARE(failure(readEmail, mail("Subject: s\n\n" + QByteArray("word\n").repeated(1000)),
                         options),
                 ErrorCode::Unsupported);
    }
};

QTEST_GUILESS_MAIN(TestWebDocuments)
#include "tst_web_documents.moc"
