#include "core/documents/text_codec.h"

#include "core/llm/utf8.h"

#include <nlohmann/json.hpp>

namespace alcove::documents {

namespace {

using nlohmann::json;

tl::unexpected<Error> wrong(const char *what)
{
    return fail(ErrorCode::InvalidFile,
                "The file could not be read: what came back of it makes no sense.", what);
}

bool validText(const std::string &text)
{
    return llm::isValidUtf8(text) && text.find('\0') == std::string::npos;
}

// Blocks are in order, within their pages, and do not overlap.
bool validBlocks(const DocumentText &document)
{
    std::uint32_t page = 0;
    std::size_t end = 0;
    for (const Block &block : document.blocks) {
        if (block.page >= document.pages.size() || block.page < page)
            return false;
        if (block.page > page)
            end = 0;
        const std::string &text = document.pages[block.page].text;
        if (block.begin < end || block.end <= block.begin || block.end > text.size())
            return false;
        const auto boundary = [&](std::size_t at) {
            return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
        };
        if (!boundary(block.begin) || !boundary(block.end))
            return false;
        page = block.page;
        end = block.end;
    }
    return true;
}

// Stops where values lie in each other deeper than in what is handed over: the library follows them
// until the stack is at its end.
class DepthLimit : public json::json_sax_t
{
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t &) override { return true; }
    bool string(string_t &) override { return true; }
    bool binary(binary_t &) override { return true; }
    bool key(string_t &) override { return true; }
    bool start_object(std::size_t) override { return ++m_depth <= kDeepest; }
    bool end_object() override { return --m_depth >= 0; }
    bool start_array(std::size_t) override { return ++m_depth <= kDeepest; }
    bool end_array() override { return --m_depth >= 0; }
    bool parse_error(std::size_t, const std::string &, const json::exception &) override
    {
        return false;
    }

private:
    static constexpr int kDeepest = 4;
    int m_depth = 0;
};

// Discarded: the bytes are none of ours.
json parsed(std::span<const std::uint8_t> bytes)
{
    DepthLimit limit;
    if (!json::sax_parse(bytes.begin(), bytes.end(), &limit, json::input_format_t::msgpack))
        return json(json::value_t::discarded);
    return json::from_msgpack(bytes.begin(), bytes.end(), true, false);
}

} // namespace

std::vector<std::uint8_t> encodeOutcome(const Result<DocumentText> &outcome)
{
    json out;
    if (!outcome) {
        out["error"] = {{"code", int(outcome.error().code)},
                        {"message", llm::replaceInvalidUtf8(outcome.error().message)},
                        {"detail", llm::replaceInvalidUtf8(outcome.error().detail)}};
        return json::to_msgpack(out);
    }
    out["title"] = outcome->title;
    out["language"] = outcome->language;
    out["kind"] = int(outcome->pageKind);
    out["remarks"] = outcome->remarks;
    json &pages = out["pages"] = json::array();
    for (const Page &page : outcome->pages)
        pages.push_back({page.label, page.text, page.recognised});
    json &blocks = out["blocks"] = json::array();
    for (const Block &block : outcome->blocks)
        blocks.push_back(
            {int(block.kind), int(block.level), block.header, block.page, block.begin, block.end});
    return json::to_msgpack(out);
}

Result<DocumentText> decodeOutcome(std::span<const std::uint8_t> bytes)
{
    const json in = parsed(bytes);
    if (!in.is_object())
        return wrong("not MessagePack");
    try {
        if (in.contains("error")) {
            const json &error = in.at("error");
            const int code = error.at("code").get<int>();
            if (code < 0 || code > int(ErrorCode::Internal))
                return wrong("unknown code");
            return fail(ErrorCode(code), error.at("message").get<std::string>(),
                        error.at("detail").get<std::string>());
        }
        DocumentText document;
        document.title = in.at("title").get<std::string>();
        document.language = in.at("language").get<std::string>();
        const int kind = in.at("kind").get<int>();
        if (kind < 0 || kind > int(PageKind::Sheet))
            return wrong("unknown kind of page");
        document.pageKind = PageKind(kind);
        document.remarks = in.at("remarks").get<std::vector<std::string>>();
        for (const json &one : in.at("pages")) {
            Page page;
            page.label = one.at(0).get<std::string>();
            page.text = one.at(1).get<std::string>();
            page.recognised = one.at(2).get<bool>();
            if (!validText(page.label) || !validText(page.text))
                return wrong("malformed text");
            document.pages.push_back(std::move(page));
        }
        for (const json &one : in.at("blocks")) {
            Block block;
            const int blockKind = one.at(0).get<int>();
            const int level = one.at(1).get<int>();
            if (blockKind < 0 || blockKind > int(BlockKind::Code) || level < 0 || level > 255)
                return wrong("unknown kind of block");
            block.kind = BlockKind(blockKind);
            block.level = std::uint8_t(level);
            block.header = one.at(2).get<bool>();
            block.page = one.at(3).get<std::uint32_t>();
            block.begin = one.at(4).get<std::size_t>();
            block.end = one.at(5).get<std::size_t>();
            document.blocks.push_back(block);
        }
        if (document.pages.empty() || !validText(document.title) || !validText(document.language)
            || !validBlocks(document))
            return wrong("ranges do not add up");
        for (const std::string &remark : document.remarks) {
            if (!validText(remark))
                return wrong("malformed remark");
        }
        return document;
    } catch (const json::exception &exception) {
        return wrong(exception.what());
    }
}

} // namespace alcove::documents
