// readEpub: books, chapter by chapter in the order of their spine.

#include "core/documents/extract/html_text.h"
#include "core/documents/extract/ooxml.h"
#include "core/documents/extract/readers.h"

#include <QByteArray>

namespace alcove::documents {

namespace {

struct Book {
    std::vector<std::string> chapters; // parts in reading order
    std::string title;
    std::string language;
};

// Books of shops have their chapters encrypted; books with nothing but changed fonts do not.
Result<> checkRights(Archive &archive)
{
    constexpr const char *kEncryption = "META-INF/encryption.xml";
    if (!archive.has(kEncryption))
        return {};
    auto opened = XmlPart::open(archive, kEncryption);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    bool font = false;
    while (xml.next()) {
        if (!xml.isStart())
            continue;
        if (xml.is(u"EncryptedData")) {
            font = false;
        } else if (xml.is(u"EncryptionMethod")) {
            const QString method = xml.attribute(u"Algorithm");
            font = method == u"http://www.idpf.org/2008/embedding"
                || method == u"http://ns.adobe.com/pdf/enc#RC";
        } else if (xml.is(u"CipherReference") && !font) {
            return fail(ErrorCode::Unsupported,
                        "The book is protected against copying (DRM), so that only the shop's "
                        "own programs can read it.");
        }
    }
    return xml.outcome();
}

Result<std::string> packagePart(Archive &archive)
{
    auto opened = XmlPart::open(archive, "META-INF/container.xml");
    if (!opened)
        return fail(damaged("the part that lists its chapters is missing."));
    while ((*opened)->next()) {
        if ((*opened)->isStart() && (*opened)->is(u"rootfile"))
            return utf8((*opened)->attribute(u"full-path"));
    }
    if (const auto outcome = (*opened)->outcome(); !outcome)
        return fail(outcome.error());
    return fail(damaged("the part that lists its chapters is missing."));
}

Result<Book> readPackage(Archive &archive, const std::string &part)
{
    auto opened = XmlPart::open(archive, part);
    if (!opened)
        return fail(damaged("the part that lists its chapters is missing."));
    XmlPart &xml = **opened;
    Book book;
    std::unordered_map<std::string, std::string> items; // parts by id
    std::vector<std::string> aside; // what does not belong to the run of the text
    while (xml.next()) {
        if (!xml.isStart())
            continue;
        if (xml.is(u"title") && book.title.empty()) {
            book.title = utf8(xml.readText());
        } else if (xml.is(u"language") && book.language.empty()) {
            book.language = utf8(xml.readText());
        } else if (xml.is(u"item")) {
            const QString type = xml.attribute(u"media-type");
            if (!type.contains(u"html")
                || xml.attribute(u"properties").split(u' ').contains(QStringLiteral("nav")))
                continue;
            const QByteArray target =
                QByteArray::fromPercentEncoding(xml.attribute(u"href").toUtf8());
            items.emplace(utf8(xml.attribute(u"id")), resolvedPart(part, target.toStdString()));
        } else if (xml.is(u"itemref")) {
            const auto found = items.find(utf8(xml.attribute(u"idref")));
            if (found == items.end() || found->second.empty())
                continue;
            (xml.attribute(u"linear") == u"no" ? aside : book.chapters).push_back(found->second);
            found->second.clear(); // once, whatever the spine says
        }
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    book.chapters.insert(book.chapters.end(), aside.begin(), aside.end());
    return book;
}

} // namespace

Result<DocumentText> readEpub(const std::string &path, const ReadOptions &options)
{
    auto archive = Archive::open(path, options.limits);
    if (!archive)
        return fail(std::move(archive.error()));
    if (const auto outcome = checkRights(*archive); !outcome)
        return fail(outcome.error());
    const auto part = packagePart(*archive);
    if (!part)
        return fail(part.error());
    const auto book = readPackage(*archive, *part);
    if (!book)
        return fail(book.error());
    if (book->chapters.empty())
        return fail(damaged("it names no chapters."));

    DocumentBuilder builder(PageKind::None, options.limits);
    builder.setTitle(book->title);
    builder.setLanguage(book->language);
    std::size_t missing = 0;
    for (const std::string &chapter : book->chapters) {
        if (!archive->has(chapter)) {
            ++missing;
            continue;
        }
        const auto bytes = archive->read(chapter);
        if (!bytes)
            return fail(bytes.error());
        Flow flow(builder, options.limits, Flow::Tables::MayBeLayout);
        if (const auto facts = addHtml(flow, *bytes, {}, options.limits); !facts)
            return fail(facts.error());
    }
    if (missing == book->chapters.size())
        return fail(damaged("its chapters are missing."));
    if (missing > 0)
        builder.remark(missing == 1 ? "A chapter of the book is missing from its file."
                                    : std::to_string(missing)
                               + " chapters of the book are missing from its file.");
    return builder.finish();
}

} // namespace alcove::documents
