// readOdt: OpenDocument texts.

#include "core/documents/extract/odf.h"
#include "core/documents/extract/readers.h"

namespace alcove::documents {

Result<DocumentText> readOdt(const std::string &path, const ReadOptions &options)
{
    DocumentBuilder builder(PageKind::None, options.limits);
    auto package = OdfPackage::open(path, options.limits, builder);
    if (!package)
        return fail(std::move(package.error()));
    auto opened = XmlPart::open(package->archive, "content.xml");
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    Flow flow(builder, options.limits);
    OdfText text(package->styles, flow);
    bool inBody = false;
    while (xml.next() && !flow.full()) {
        if (xml.isStart() && xml.is(u"automatic-styles"))
            package->styles.read(xml);
        else if (xml.is(u"body"))
            inBody = xml.isStart();
        else if (!inBody)
            continue;
        else if (xml.isStart())
            text.start(xml);
        else if (xml.isEnd())
            text.end(xml);
        else
            text.text(xml.text());
    }
    flow.finish();
    if (flow.full())
        return fail(tooMuchText());
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return builder.finish();
}

} // namespace alcove::documents
