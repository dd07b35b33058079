#include "core/documents/extract/ooxml.h"

#include <algorithm>

namespace alcove::documents {

namespace {

constexpr std::size_t kMaxRelations = 200'000;

} // namespace

std::string resolvedPart(std::string_view part, std::string_view target)
{
    std::string path;
    if (!target.starts_with('/'))
        path = part.substr(
            0, part.find_last_of('/') == std::string_view::npos ? 0 : part.find_last_of('/') + 1);
    path += target;
    std::vector<std::string_view> folders;
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        const std::string_view folder = rest.substr(0, slash);
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        if (folder == "..") {
            if (!folders.empty())
                folders.pop_back();
        } else if (!folder.empty() && folder != ".") {
            folders.push_back(folder);
        }
    }
    std::string resolved;
    for (const std::string_view folder : folders) {
        if (!resolved.empty())
            resolved += '/';
        resolved += folder;
    }
    return resolved;
}

Result<Relations> Relations::read(Archive &archive, std::string_view part)
{
    const std::size_t slash = part.rfind('/');
    const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string file =
        std::string(part.substr(0, name)) + "_rels/" + std::string(part.substr(name)) + ".rels";
    Relations relations;
    if (!archive.has(file))
        return relations;
    auto opened = XmlPart::open(archive, file);
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    while (xml.next()) {
        if (!xml.isStart() || !xml.is(u"Relationship")
            || xml.attribute(u"TargetMode") == u"External")
            continue;
        if (relations.m_relations.size() >= kMaxRelations)
            return fail(ErrorCode::Unsupported, "The file holds more parts than can be taken in.");
        Relation relation;
        const QString type = xml.attribute(u"Type");
        relation.type = utf8(QStringView(type).mid(type.lastIndexOf(u'/') + 1));
        relation.part = resolvedPart(part, utf8(xml.attribute(u"Target")));
        relations.m_types[relation.type].push_back(relation.part);
        relations.m_relations.emplace(utf8(xml.attribute(u"Id")), std::move(relation));
    }
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return relations;
}

std::string Relations::byId(const QString &id) const
{
    const auto found = m_relations.find(id.toStdString());
    return found == m_relations.end() ? std::string() : found->second.part;
}

std::string Relations::byType(std::string_view type) const
{
    const auto found = m_types.find(type);
    return found == m_types.end() ? std::string() : found->second.front();
}

std::vector<std::string> Relations::allByType(std::string_view type) const
{
    const auto found = m_types.find(type);
    return found == m_types.end() ? std::vector<std::string>() : found->second;
}

Result<std::string> mainPart(Archive &archive, std::string_view usual)
{
    const auto relations = Relations::read(archive, {});
    if (!relations)
        return fail(relations.error());
    std::string part = relations->byType("officeDocument");
    if (part.empty() || !archive.has(part))
        part = usual;
    if (!archive.has(part))
        return fail(damaged("the part with its text is missing.", part));
    return part;
}

Result<> readCoreProperties(Archive &archive, DocumentBuilder &builder)
{
    const auto relations = Relations::read(archive, {});
    if (!relations)
        return fail(relations.error());
    std::string part = relations->byType("core-properties");
    if (part.empty())
        part = "docProps/core.xml";
    if (!archive.has(part))
        return {};
    auto opened = XmlPart::open(archive, part);
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

} // namespace alcove::documents
