// readOdp: OpenDocument slides in their order, each with what is noted for the speaker last.

#include "core/documents/extract/odf.h"
#include "core/documents/extract/readers.h"

namespace alcove::documents {

namespace {

// The slide's number, its date and what stands at the foot of every slide.
bool isFurniture(const QString &kind)
{
    return kind == u"header" || kind == u"footer" || kind == u"date-time" || kind == u"page-number";
}

// A draw:page, from its beginning to its end.
void readSlide(XmlPart &xml, bool first, const OdfStyles &styles, Flow &flow)
{
    const int depth = xml.depth();
    OdfText text(styles, flow);
    int titleDepth = 0;
    while (xml.next() && !flow.full()) {
        if (xml.isEnd() && xml.depth() == depth)
            break;
        if (xml.isText()) {
            text.text(xml.text());
        } else if (xml.isStart()) {
            const QString kind = xml.attribute(u"class", u"presentation:1.0");
            if (isFurniture(kind)) {
                xml.skip();
                continue;
            }
            if (kind == u"title" && titleDepth == 0) {
                titleDepth = xml.depth();
                text.setHeadingLevel(first ? 1 : 2); // the first title is that of them all
            }
            text.start(xml);
        } else {
            text.end(xml);
            if (xml.depth() == titleDepth) {
                titleDepth = 0;
                text.setHeadingLevel(0);
            }
        }
    }
    flow.finish();
}

} // namespace

Result<DocumentText> readOdp(const std::string &path, const ReadOptions &options)
{
    DocumentBuilder builder(PageKind::Slide, options.limits);
    auto package = OdfPackage::open(path, options.limits, builder);
    if (!package)
        return fail(std::move(package.error()));
    auto opened = XmlPart::open(package->archive, "content.xml");
    if (!opened)
        return fail(std::move(opened.error()));
    XmlPart &xml = **opened;
    int slide = 0;
    while (xml.next() && !builder.full()) {
        if (xml.isStart() && xml.is(u"automatic-styles")) {
            package->styles.read(xml);
        } else if (xml.isStart() && xml.is(u"page") && xml.space().endsWith(u"drawing:1.0")) {
            builder.beginPage(std::to_string(++slide));
            Flow flow(builder, options.limits);
            readSlide(xml, slide == 1, package->styles, flow);
            if (flow.full())
                return fail(tooMuchText());
        }
    }
    if (builder.full())
        return fail(tooMuchText());
    if (const auto outcome = xml.outcome(); !outcome)
        return fail(outcome.error());
    return builder.finish();
}

} // namespace alcove::documents
