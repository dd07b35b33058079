// readHtml: web pages as they are saved.

#include "core/documents/extract/bytes.h"
#include "core/documents/extract/html_text.h"
#include "core/documents/extract/readers.h"

namespace alcove::documents {

Result<DocumentText> readHtml(const std::string &path, const ReadOptions &options)
{
    const auto bytes =
        fileBytes(path, std::min(options.limits.fileBytes, options.limits.unpackedBytes));
    if (!bytes)
        return fail(bytes.error());
    DocumentBuilder builder(PageKind::None, options.limits);
    Flow flow(builder, options.limits, Flow::Tables::MayBeLayout);
    const auto facts =
        addHtml(flow, {bytes->constData(), std::size_t(bytes->size())}, {}, options.limits);
    if (!facts)
        return fail(facts.error());
    builder.setTitle(facts->title);
    builder.setLanguage(facts->language);
    return builder.finish();
}

} // namespace alcove::documents
