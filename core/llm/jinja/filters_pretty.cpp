// The filter that lays a value out over several lines, as Python's pprint does.
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

constexpr std::int64_t kPageWidth = 80;

// What fits into a line as repr() has it, everything else an item a line.
class PrettyPrinter
{
public:
    explicit PrettyPrinter(Heap &heap) : m_heap(heap) { }

    std::string run(const Value &value)
    {
        print(value, 0, 0, 0);
        return std::move(m_out);
    }

private:
    using Pairs = std::vector<std::pair<Value, Value>>;

    static bool isPlainTuple(const Value &value)
    {
        return value.is(Kind::Tuple) && !value.sequence->group;
    }

    // None, numbers, text, tuples, others, as the names of their types are ordered.
    static int rankOf(const Value &value)
    {
        return value.is(Kind::None)  ? 0
            : value.isNumber()       ? 1
            : value.is(Kind::String) ? 2
            : value.is(Kind::Tuple)  ? 3
                                     : 4;
    }

    // An order of all keys: Python's where they have one.
    bool before(const Value &a, const Value &b)
    {
        m_heap.step();
        const int rank = rankOf(a);
        if (rank != rankOf(b))
            return rank < rankOf(b);
        if (rank == 1) {
            const bool nanA = a.is(Kind::Float) && a.real != a.real;
            const bool nanB = b.is(Kind::Float) && b.real != b.real;
            return nanA || nanB ? !nanA && nanB : less(m_heap, a, b);
        }
        if (rank == 2)
            return less(m_heap, a, b);
        if (rank != 3)
            return false;
        const DepthGuard guard(m_heap);
        const std::vector<Value> &left = a.sequence->items;
        const std::vector<Value> &right = b.sequence->items;
        for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
            if (before(left[i], right[i]))
                return true;
            if (before(right[i], left[i]))
                return false;
        }
        return left.size() < right.size();
    }

    Pairs sorted(const Dict &dict)
    {
        m_heap.charge(dict.entries.size() * sizeof(Pairs::value_type));
        Pairs pairs = dict.entries;
        std::stable_sort(pairs.begin(), pairs.end(),
                         [this](const auto &a, const auto &b) { return before(a.first, b.first); });
        return pairs;
    }

    // repr() with the keys of dicts in order.
    void appendSorted(const Value &value, std::string &out)
    {
        m_heap.step();
        const DepthGuard guard(m_heap);
        const auto appendItems = [&](const std::vector<Value> &items) {
            for (std::size_t i = 0; i < items.size(); ++i) {
                out += i > 0 ? ", " : "";
                appendSorted(items[i], out);
            }
        };
        if (value.is(Kind::Dict)) {
            out += '{';
            bool first = true;
            for (const auto &[key, item] : sorted(*value.dict)) {
                out += first ? "" : ", ";
                first = false;
                appendSorted(key, out);
                out += ": ";
                appendSorted(item, out);
            }
            out += '}';
        } else if (value.is(Kind::List)) {
            out += '[';
            appendItems(value.sequence->items);
            out += ']';
        } else if (isPlainTuple(value)) {
            out += '(';
            appendItems(value.sequence->items);
            out += value.sequence->items.size() == 1 ? ",)" : ")";
        } else {
            appendRepr(m_heap, value, out);
        }
        m_heap.charge(8);
    }

    std::string sortedRepr(const Value &value)
    {
        std::string out;
        appendSorted(value, out);
        m_heap.charge(out.size());
        m_heap.work(out.size());
        return out;
    }

    void write(std::string_view text)
    {
        m_heap.charge(text.size());
        m_heap.work(text.size());
        m_out += text;
    }

    void newLine(std::int64_t indent)
    {
        m_heap.charge(std::uint64_t(indent) + 1);
        m_heap.work(std::uint64_t(indent) + 1);
        m_out += '\n';
        m_out.append(std::size_t(indent), ' ');
    }

    // `indent`: where the value begins; `allowance`: how much its last line leaves free.
    void print(const Value &value, std::int64_t indent, std::int64_t allowance, int level)
    {
        const DepthGuard guard(m_heap);
        const std::string whole = sortedRepr(value);
        if (std::int64_t(codePointCount(whole)) <= kPageWidth - indent - allowance)
            return write(whole);
        if (value.is(Kind::Dict)) {
            write("{");
            printPairs(sorted(*value.dict), indent + 1, allowance + 1, level + 1);
            write("}");
        } else if (value.is(Kind::List)) {
            write("[");
            printItems(value.sequence->items, indent + 1, allowance + 1, level + 1);
            write("]");
        } else if (isPlainTuple(value)) {
            const std::string_view end = value.sequence->items.size() == 1 ? ",)" : ")";
            write("(");
            printItems(value.sequence->items, indent + 1, allowance + std::int64_t(end.size()),
                       level + 1);
            write(end);
        } else if (value.is(Kind::String) && !value.string->markup && !value.text().empty()) {
            printText(value.text(), indent, allowance, level + 1);
        } else {
            write(whole);
        }
    }

    void printPairs(const Pairs &pairs, std::int64_t indent, std::int64_t allowance, int level)
    {
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            const bool last = i + 1 == pairs.size();
            const std::string key = sortedRepr(pairs[i].first);
            write(key);
            write(": ");
            print(pairs[i].second, indent + std::int64_t(codePointCount(key)) + 2,
                  last ? allowance : 1, level);
            if (!last) {
                write(",");
                newLine(indent);
            }
        }
    }

    void printItems(const std::vector<Value> &items, std::int64_t indent, std::int64_t allowance,
                    int level)
    {
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0) {
                write(",");
                newLine(indent);
            }
            print(items[i], indent, i + 1 == items.size() ? allowance : 1, level);
        }
    }

    std::string quoted(std::string_view text) { return reprOf(m_heap, m_heap.string(text)); }

    // Lines and, where they are too long, words, each a literal of its own.
    void printText(std::string_view text, std::int64_t indent, std::int64_t allowance, int level)
    {
        if (level == 1) {
            ++indent;
            ++allowance;
        }
        m_heap.charge(text.size() * (sizeof(std::string_view) + 1));
        m_heap.work(text.size());
        const auto lines = splitLines(text, LineEnds::Keep);
        std::vector<std::string> pieces;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::int64_t width = kPageWidth - indent;
            const std::int64_t lastWidth = i + 1 == lines.size() ? width - allowance : width;
            std::string whole = quoted(lines[i]);
            if (std::int64_t(codePointCount(whole)) <= lastWidth)
                pieces.push_back(std::move(whole));
            else
                addWords(lines[i], width, lastWidth, pieces);
        }
        if (pieces.size() == 1)
            return write(pieces[0]);
        if (level == 1)
            write("(");
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i > 0)
                newLine(indent);
            write(pieces[i]);
        }
        if (level == 1)
            write(")");
    }

    // `lastWidth`: for what ends with the line's last word.
    void addWords(std::string_view line, std::int64_t width, std::int64_t lastWidth,
                  std::vector<std::string> &pieces)
    {
        std::size_t begin = 0; // of the piece in the making
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t word = at;
            at = endOfWord(line, at);
            const std::int64_t most = at == line.size() ? lastWidth : width;
            const std::string candidate = quoted(line.substr(begin, at - begin));
            if (std::int64_t(codePointCount(candidate)) <= most)
                continue;
            if (word > begin)
                pieces.push_back(quoted(line.substr(begin, word - begin)));
            begin = word;
        }
        if (begin < line.size())
            pieces.push_back(quoted(line.substr(begin)));
    }

    // Behind a word and the white space that follows it.
    static std::size_t endOfWord(std::string_view line, std::size_t at)
    {
        for (const bool space : {false, true}) {
            while (at < line.size()) {
                std::size_t after = at;
                if (isSpace(nextCodePoint(line, after)) != space)
                    break;
                at = after;
            }
        }
        return at;
    }

    Heap &m_heap;
    std::string m_out;
};

Value prettyPrint(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("pprint", arguments, {});
    return heap.string(PrettyPrinter(heap).run(value));
}

constexpr Filter kPrettyFilters[] = {{"pprint", prettyPrint}};

} // namespace

std::span<const Filter> prettyFilters()
{
    return kPrettyFilters;
}

} // namespace alcove::llm::jinja
