#include "core/documents/extract/xml_part.h"

namespace alcove::documents {

Result<std::unique_ptr<XmlPart>> XmlPart::open(Archive &archive, std::string_view name)
{
    auto entry = archive.entry(name);
    if (!entry)
        return fail(std::move(entry.error()));
    return std::make_unique<XmlPart>(std::move(*entry), archive.limits().depth);
}

XmlPart::XmlPart(std::unique_ptr<ArchiveEntry> entry, std::uint32_t depth)
    : m_entry(std::move(entry)), m_xml(m_entry.get()), m_maximum(int(depth))
{ }

bool XmlPart::next()
{
    if (!m_outcome)
        return false;
    if (m_ended)
        --m_depth;
    m_ended = false;
    while (!m_xml.atEnd()) {
        switch (m_xml.readNext()) {
        case QXmlStreamReader::DTD:
            if (!m_xml.entityDeclarations().isEmpty()) {
                m_outcome = fail(damaged("one of its parts defines its own entities."));
                return false;
            }
            break;
        case QXmlStreamReader::StartElement:
            if (++m_depth > m_maximum) {
                m_outcome = fail(damaged("its parts are nested too deeply."));
                return false;
            }
            return true;
        case QXmlStreamReader::EndElement:
            m_ended = true;
            return true;
        case QXmlStreamReader::Characters:
            return true;
        default:
            break;
        }
    }
    return false;
}

QString XmlPart::attribute(QStringView name, QStringView space) const
{
    const QXmlStreamAttributes attributes = m_xml.attributes();
    for (const QXmlStreamAttribute &attribute : attributes) {
        if (attribute.name() == name
            && (space.isNull() || attribute.namespaceUri().endsWith(space)))
            return attribute.value().toString();
    }
    return {};
}

bool XmlPart::hasAttribute(QStringView name) const
{
    const QXmlStreamAttributes attributes = m_xml.attributes();
    for (const QXmlStreamAttribute &attribute : attributes) {
        if (attribute.name() == name)
            return true;
    }
    return false;
}

void XmlPart::skip()
{
    const int depth = m_depth;
    while (next()) {
        if (isEnd() && m_depth == depth)
            return;
    }
}

QString XmlPart::readText()
{
    const int depth = m_depth;
    QString text;
    while (next()) {
        if (isText())
            text += m_xml.text();
        else if (isEnd() && m_depth == depth)
            break;
    }
    return text;
}

Result<> XmlPart::outcome() const
{
    if (!m_entry->outcome())
        return m_entry->outcome();
    if (!m_outcome)
        return m_outcome;
    if (m_xml.hasError())
        return fail(damaged("one of its parts is not well-formed XML.",
                            std::to_string(m_xml.lineNumber()) + ": "
                                + std::to_string(int(m_xml.error()))));
    return {};
}

std::string utf8(QStringView text)
{
    return text.toUtf8().toStdString();
}

bool isOn(const XmlPart &part, QStringView attribute)
{
    const QString value = part.attribute(attribute);
    return value != u"0" && value != u"false" && value != u"off";
}

int number(QStringView text, int otherwise)
{
    bool ok = false;
    const int value = text.toInt(&ok);
    return ok ? value : otherwise;
}

} // namespace alcove::documents
