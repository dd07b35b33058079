#include "core/llm/jinja/json_text.h"

#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace alcove::llm::jinja {

namespace {

class JsonWriter
{
public:
    explicit JsonWriter(Heap &heap) : m_heap(heap) { }

    std::optional<std::string> indent;
    std::string itemSeparator = ", ";
    std::string keySeparator = ": ";
    bool asciiOnly = false;
    bool sortKeys = false;

    void write(const Value &value)
    {
        m_heap.step();
        switch (value.kind) {
        case Kind::None:
            append("null");
            return;
        case Kind::Bool:
            append(value.boolean ? "true" : "false");
            return;
        case Kind::Int:
        case Kind::UInt:
            append(textOf(m_heap, value));
            return;
        case Kind::Float:
            append(number(value.real));
            return;
        case Kind::String:
            writeString(value.text());
            return;
        case Kind::List:
        case Kind::Tuple:
            writeList(value.sequence->items);
            return;
        case Kind::Dict:
            writeDict(*value.dict);
            return;
        default:
            raise(std::string("Object of type ") + typeName(value) + " is not JSON serializable");
        }
    }

    std::string take() { return std::move(m_out); }

private:
    void append(std::string_view text)
    {
        m_heap.charge(text.size());
        m_heap.work(text.size());
        m_out += text;
    }

    static std::string number(double value)
    {
        if (std::isnan(value))
            return "NaN";
        if (std::isinf(value))
            return value < 0 ? "-Infinity" : "Infinity";
        return floatText(value);
    }

    void escape(char32_t c)
    {
        static constexpr char kHex[] = "0123456789abcdef";
        m_out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
            m_out += kHex[(c >> shift) & 0xF];
    }

    void writeString(std::string_view text)
    {
        m_heap.charge(text.size() + 2);
        m_heap.work(text.size());
        m_out += '"';
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            const char32_t c = nextCodePoint(text, at);
            switch (c) {
            case '"':
                m_out += "\\\"";
                break;
            case '\\':
                m_out += "\\\\";
                break;
            case '\n':
                m_out += "\\n";
                break;
            case '\r':
                m_out += "\\r";
                break;
            case '\t':
                m_out += "\\t";
                break;
            case '\b':
                m_out += "\\b";
                break;
            case '\f':
                m_out += "\\f";
                break;
            default:
                if (c < 0x20 || (asciiOnly && c > 0x7E && c < 0x10000)) {
                    escape(c);
                } else if (asciiOnly && c >= 0x10000) {
                    escape(0xD800 + ((c - 0x10000) >> 10));
                    escape(0xDC00 + ((c - 0x10000) & 0x3FF));
                } else {
                    m_out.append(text.substr(begin, at - begin));
                }
            }
        }
        m_out += '"';
    }

    void newLine()
    {
        if (!indent)
            return;
        append("\n");
        for (std::size_t i = 0; i < m_level; ++i)
            append(*indent);
    }

    void writeList(const std::vector<Value> &items)
    {
        if (items.empty()) {
            append("[]");
            return;
        }
        DepthGuard guard(m_heap);
        append("[");
        ++m_level;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0)
                append(itemSeparator);
            newLine();
            write(items[i]);
        }
        --m_level;
        newLine();
        append("]");
    }

    void writeKey(const Value &key)
    {
        switch (key.kind) {
        case Kind::String:
            writeString(key.text());
            return;
        case Kind::None:
            writeString("null");
            return;
        case Kind::Bool:
            writeString(key.boolean ? "true" : "false");
            return;
        case Kind::Float:
            writeString(number(key.real));
            return;
        case Kind::Int:
        case Kind::UInt:
            writeString(textOf(m_heap, key));
            return;
        default:
            raise(std::string("keys must be str, int, float, bool or None, not ") + typeName(key));
        }
    }

    void writeDict(const Dict &dict)
    {
        if (dict.entries.empty()) {
            append("{}");
            return;
        }
        DepthGuard guard(m_heap);
        std::vector<const std::pair<Value, Value> *> entries;
        m_heap.charge(dict.entries.size() * sizeof(void *));
        entries.reserve(dict.entries.size());
        for (const auto &entry : dict.entries)
            entries.push_back(&entry);
        if (sortKeys) {
            std::stable_sort(entries.begin(), entries.end(), [&](const auto *a, const auto *b) {
                return less(m_heap, a->first, b->first);
            });
        }
        append("{");
        ++m_level;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (i > 0)
                append(itemSeparator);
            newLine();
            writeKey(entries[i]->first);
            append(keySeparator);
            write(entries[i]->second);
        }
        --m_level;
        newLine();
        append("}");
    }

    Heap &m_heap;
    std::string m_out;
    std::size_t m_level = 0;
};

} // namespace

Value toJson(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("tojson", arguments,
                          {"ensure_ascii", "indent", "separators", "sort_keys"});
    JsonWriter writer(heap);
    writer.asciiOnly = given.truth(0, false);
    writer.sortKeys = given.truth(3, false);
    const Value indent = given.value(1, none());
    if (indent.is(Kind::String)) {
        writer.indent = indent.text();
    } else if (indent.isIntegral()) {
        const std::int64_t width = std::max<std::int64_t>(0, indent.asInteger());
        heap.charge(static_cast<std::uint64_t>(width));
        writer.indent = std::string(static_cast<std::size_t>(width), ' ');
    } else if (!indent.is(Kind::None)) {
        raise("tojson(): indent must be an integer or a string");
    }
    if (writer.indent)
        writer.itemSeparator = ",";
    const Value separators = given.value(2, none());
    if (!separators.is(Kind::None)) {
        const bool isPair = (separators.is(Kind::Tuple) || separators.is(Kind::List))
            && separators.sequence->items.size() == 2
            && separators.sequence->items[0].is(Kind::String)
            && separators.sequence->items[1].is(Kind::String);
        if (!isPair)
            raise("tojson(): separators must be two strings");
        writer.itemSeparator = separators.sequence->items[0].text();
        writer.keySeparator = separators.sequence->items[1].text();
    }
    writer.write(value);
    return heap.string(writer.take());
}

} // namespace alcove::llm::jinja
