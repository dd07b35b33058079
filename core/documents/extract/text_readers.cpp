#include "core/documents/extract/bytes.h"
#include "core/documents/extract/charset.h"
#include "core/documents/extract/readers.h"
#include "core/documents/extract/text_blocks.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace alcove::documents {

namespace {

Result<std::string> textOf(const std::string &path, const ReadOptions &options)
{
    const auto bytes =
        fileBytes(path, std::min(options.limits.fileBytes, options.limits.textBytes));
    if (!bytes)
        return fail(bytes.error());
    auto text = decodeText({bytes->constData(), std::size_t(bytes->size())});
    if (!text)
        return fail(text.error());
    return DocumentBuilder::clean(*text);
}

Result<DocumentText> verbatim(const std::string &path, const ReadOptions &options,
                              std::vector<Block> (*blocks)(std::string_view))
{
    const auto text = textOf(path, options);
    if (!text)
        return fail(text.error());
    DocumentBuilder builder(PageKind::None, options.limits);
    builder.verbatim(*text, blocks(*text));
    if (builder.full())
        return fail(tooMuchText());
    return builder.finish();
}

using Row = std::vector<std::string>;

// RFC 4180, with any of these between the cells; a quote that is not closed ends with the text.
std::vector<Row> csvRows(std::string_view text, char separator, std::size_t most)
{
    std::vector<Row> rows;
    Row row;
    std::string cell;
    bool quoted = false;
    bool any = false;
    for (std::size_t i = 0; i < text.size() && rows.size() < most; ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '"' && i + 1 < text.size() && text[i + 1] == '"')
                cell += text[++i];
            else if (c == '"')
                quoted = false;
            else
                cell += c;
        } else if (c == '"' && cell.empty()) {
            quoted = true;
            any = true;
        } else if (c == separator || c == '\n') {
            row.push_back(std::exchange(cell, {}));
            if (c == '\n')
                rows.push_back(std::exchange(row, {}));
            any = c == separator;
        } else {
            cell += c;
            any = true;
        }
    }
    if ((any || !row.empty()) && rows.size() < most) {
        row.push_back(std::move(cell));
        rows.push_back(std::move(row));
    }
    return rows;
}

// The one that cuts the first rows into the most cells, the same number in each.
char separatorOf(std::string_view text)
{
    char best = ',';
    std::size_t bestScore = 0;
    for (const char separator : {',', ';', '\t', '|'}) {
        const std::vector<Row> rows = csvRows(text.substr(0, 1 << 16), separator, 20);
        if (rows.empty())
            continue;
        std::size_t same = 0;
        const std::size_t width = rows.front().size();
        for (const Row &row : rows)
            same += row.size() == width;
        const std::size_t score =
            width > 1 ? same * 1000 / rows.size() * 100 + std::min<std::size_t>(width, 99) : 0;
        if (score > bestScore) {
            bestScore = score;
            best = separator;
        }
    }
    return best;
}

bool isNumber(std::string_view cell)
{
    bool digit = false;
    for (const char c : cell) {
        digit = digit || (c >= '0' && c <= '9');
        if (std::string_view("0123456789.,-+%eE /:").find(c) == std::string_view::npos)
            return false;
    }
    return digit;
}

// Names above figures, or at least a row of words without a gap.
bool firstRowNames(const std::vector<Row> &rows)
{
    if (rows.size() < 2 || rows.front().size() < 2)
        return false;
    return std::none_of(rows.front().begin(), rows.front().end(),
                        [](const std::string &cell) { return cell.empty() || isNumber(cell); });
}

} // namespace

Result<DocumentText> readPlainText(const std::string &path, const ReadOptions &options)
{
    return verbatim(path, options, plainBlocks);
}

Result<DocumentText> readMarkdown(const std::string &path, const ReadOptions &options)
{
    return verbatim(path, options, markdownBlocks);
}

Result<DocumentText> readSourceCode(const std::string &path, const ReadOptions &options)
{
    return verbatim(path, options, codeBlocks);
}

Result<DocumentText> readCsv(const std::string &path, const ReadOptions &options)
{
    const auto text = textOf(path, options);
    if (!text)
        return fail(text.error());
    const std::vector<Row> rows = csvRows(*text, separatorOf(*text), std::size_t(-1));
    DocumentBuilder builder(PageKind::None, options.limits);
    bool header = firstRowNames(rows);
    for (const Row &row : rows) {
        builder.tableRow(row, std::exchange(header, false));
        if (builder.full())
            return fail(tooMuchText());
    }
    return builder.finish();
}

} // namespace alcove::documents
