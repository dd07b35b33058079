// The package of OpenDocument files, their properties and styles.

#include "core/documents/extract/odf.h"

namespace alcove::documents {

namespace {

constexpr int kMaxChain = 32; // of styles that stand on one another

Result<> checkManifest(Archive &archive)
{
    constexpr const char *kManifest = "META-INF/manifest.xml";
    if (!archive.has(kManifest))
        return {};
    auto opened = XmlPart::open(archive, kManifest);
    if (!opened)
        return fail(std::move(opened.error()));
    while ((*opened)->next()) {
        if ((*opened)->isStart()
            && ((*opened)->is(u"encryption-data") || (*opened)->is(u"encrypted-key")))
            return fail(ErrorCode::PasswordNeeded,
                        "OpenDocument files with a password cannot be opened here. Save a copy "
                        "without the password and add that.");
    }
    return (*opened)->outcome();
}

Result<> readMeta(Archive &archive, DocumentBuilder &builder)
{
    if (!archive.has("meta.xml"))
        return {};
    auto opened = XmlPart::open(archive, "meta.xml");
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    while (xml.next()) {
        if (xml.isStart() && xml.is(u"title"))
            builder.setTitle(utf8(xml.readText()));
        else if (xml.isStart() && xml.is(u"language"))
            builder.setLanguage(utf8(xml.readText()));
    }
    return {}; // without its properties a file is still one
}

} // namespace

void OdfStyles::read(XmlPart &xml)
{
    const int depth = xml.depth();
    std::string name;
    bool isDefault = false;
    Style style;
    while (xml.next()) {
        if (xml.isEnd() && xml.depth() == depth)
            return;
        if (xml.isStart() && (xml.is(u"style") || xml.is(u"default-style"))) {
            isDefault = xml.is(u"default-style") && xml.attribute(u"family") == u"paragraph";
            name = utf8(xml.attribute(u"name"));
            style = {};
            style.parent = utf8(xml.attribute(u"parent-style-name"));
        } else if (xml.isStart() && xml.is(u"text-properties")) {
            style.hidden = style.hidden || xml.attribute(u"display") == u"none";
            const QString language = xml.attribute(u"language");
            if (isDefault && !language.isEmpty() && language != u"none") {
                const QString country = xml.attribute(u"country");
                m_language = utf8(language);
                if (!country.isEmpty() && country != u"none")
                    m_language += '-' + utf8(country);
            }
        } else if (xml.isEnd() && xml.is(u"style")) {
            m_styles.emplace(std::move(name), std::move(style));
            name.clear();
        }
    }
}

OdfStyles::Style OdfStyles::resolved(const QString &name) const
{
    Style all;
    std::string next = name.toStdString();
    for (int i = 0; i < kMaxChain && !next.empty(); ++i) {
        all.title = all.title || next == "Title";
        all.code = all.code || next == "Preformatted_20_Text" || next == "Source_20_Code";
        const auto found = m_styles.find(next);
        if (found == m_styles.end())
            break;
        all.hidden = all.hidden || found->second.hidden;
        next = found->second.parent;
    }
    return all;
}

Result<OdfPackage> OdfPackage::open(const std::string &path, const ReadLimits &limits,
                                    DocumentBuilder &builder)
{
    auto archive = Archive::open(path, limits);
    if (!archive)
        return fail(std::move(archive.error()));
    OdfPackage package{std::move(*archive), {}};
    if (const auto outcome = checkManifest(package.archive); !outcome)
        return fail(outcome.error());
    if (!package.archive.has("content.xml"))
        return fail(damaged("the part with its text is missing."));
    if (package.archive.has("styles.xml")) {
        auto opened = XmlPart::open(package.archive, "styles.xml");
        if (!opened)
            return fail(std::move(opened.error()));
        while ((*opened)->next()) {
            if ((*opened)->isStart() && (*opened)->is(u"styles"))
                package.styles.read(**opened);
        }
        if (const auto outcome = (*opened)->outcome(); !outcome)
            return fail(outcome.error());
    }
    builder.setLanguage(package.styles.language());
    if (const auto outcome = readMeta(package.archive, builder); !outcome)
        return fail(outcome.error());
    return package;
}

} // namespace alcove::documents
