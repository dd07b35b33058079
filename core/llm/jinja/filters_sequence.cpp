// Filters that walk a sequence.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/operators.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/tests.h"
#include "core/llm/jinja/text.h"

#include <algorithm>

namespace alcove::llm::jinja {

namespace {

Value list(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("list", arguments, {});
    return heap.list(Items(heap, value).copy(heap));
}

Value items(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("items", arguments, {});
    if (value.is(Kind::Undefined))
        return heap.generator("do_items", {});
    if (!value.is(Kind::Dict))
        raise("can only get item pairs from a mapping");
    return heap.generator("do_items", entriesOf(heap, *value.dict, ViewOf::Items));
}

Value first(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("first", arguments, {});
    if (value.is(Kind::Generator)) {
        Sequence &sequence = *value.sequence;
        if (sequence.next < sequence.items.size())
            return sequence.items[sequence.next++];
        return heap.missing("No first item, sequence was empty.");
    }
    if (value.is(Kind::String) && !value.text().empty())
        return getItem(heap, value, integer(std::int64_t(0)));
    const Items all(heap, value);
    return all.size() > 0 ? all.all().front() : heap.missing("No first item, sequence was empty.");
}

Value last(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("last", arguments, {});
    if (value.is(Kind::Generator))
        raise("'generator' object is not reversible");
    if (value.is(Kind::String) && !value.text().empty())
        return getItem(heap, value, integer(std::int64_t(-1)));
    const Items all(heap, value);
    return all.size() > 0 ? all.all().back() : heap.missing("No last item, sequence was empty.");
}

Value reverse(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("reverse", arguments, {});
    if (value.is(Kind::String)) {
        const std::string_view text = value.text();
        heap.work(text.size());
        std::string out(text.size(), '\0');
        std::size_t place = text.size();
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            nextCodePoint(text, at);
            place -= at - begin;
            text.copy(out.data() + place, at - begin, begin);
        }
        return heap.string(std::move(out));
    }
    std::vector<Value> all = Items(heap, value).copy(heap);
    std::reverse(all.begin(), all.end());
    return heap.generator("reversed", std::move(all));
}

Value join(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("join", arguments, {"d", "attribute"});
    const std::string separator = given.has(0) ? textOf(heap, *given[0]) : std::string();
    const Value path = given.value(1, none());
    std::string out;
    bool isFirst = true;
    for (const Value &item : Items(heap, value)) {
        heap.step();
        if (!isFirst) {
            heap.charge(separator.size());
            heap.work(separator.size());
            out += separator;
        }
        isFirst = false;
        const std::string text = textOf(heap, attributeAt(heap, item, path));
        heap.work(text.size());
        out += text;
    }
    return heap.string(std::move(out));
}

Value map(Heap &heap, const Value &value, const Arguments &arguments)
{
    std::vector<Value> out;
    const Items all(heap, value);
    heap.charge(all.size() * sizeof(Value));
    out.reserve(all.size());
    const auto isAttribute = [](const auto &argument) { return argument.first == "attribute"; };
    const bool byAttribute = arguments.positional.empty()
        && std::any_of(arguments.keyword.begin(), arguments.keyword.end(), isAttribute);
    if (byAttribute) {
        const Signature given("map", arguments, {"attribute", "default"});
        const Value fallback = given.value(1, none());
        for (const Value &item : all) {
            const Value found = attributeAt(heap, item, *given[0]);
            const bool replaced = found.is(Kind::Undefined) && !fallback.is(Kind::None);
            out.push_back(replaced ? fallback : found);
        }
        return heap.generator("sync_do_map", std::move(out));
    }
    if (arguments.positional.empty())
        raise("map requires a filter argument");
    const Value &name = arguments.positional.front();
    if (!name.is(Kind::String))
        raise("map needs the name of a filter");
    Arguments rest = arguments;
    rest.positional.erase(rest.positional.begin());
    DepthGuard guard(heap); // a filter may itself be map
    for (const Value &item : all)
        out.push_back(applyFilter(heap, name.text(), item, rest));
    return heap.generator("sync_do_map", std::move(out));
}

enum class Keep { Passing, Failing };
enum class Look { Item, Attribute };

Value choose(Heap &heap, const Value &value, const Arguments &arguments, Keep keep, Look look)
{
    std::vector<Value> out;
    if (!truthy(value))
        return heap.generator("select_or_reject", {});
    std::size_t next = 0;
    Value path = none();
    if (look == Look::Attribute) {
        if (arguments.positional.empty())
            raise("missing parameter for attribute name");
        path = arguments.positional[next++];
    }
    std::string test;
    Arguments rest;
    if (next < arguments.positional.size()) {
        const Value &name = arguments.positional[next++];
        if (!name.is(Kind::String))
            raise("select and its like need the name of a test");
        test = name.text();
        rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(next),
                               arguments.positional.end());
        rest.keyword = arguments.keyword;
    }
    for (const Value &item : Items(heap, value)) {
        heap.step();
        const Value subject = attributeAt(heap, item, path);
        const bool passes = test.empty() ? truthy(subject) : applyTest(heap, test, subject, rest);
        if (passes == (keep == Keep::Passing)) {
            heap.charge(sizeof(Value));
            out.push_back(item);
        }
    }
    return heap.generator("select_or_reject", std::move(out));
}

Value select(Heap &heap, const Value &value, const Arguments &arguments)
{
    return choose(heap, value, arguments, Keep::Passing, Look::Item);
}

Value reject(Heap &heap, const Value &value, const Arguments &arguments)
{
    return choose(heap, value, arguments, Keep::Failing, Look::Item);
}

Value selectAttr(Heap &heap, const Value &value, const Arguments &arguments)
{
    return choose(heap, value, arguments, Keep::Passing, Look::Attribute);
}

Value rejectAttr(Heap &heap, const Value &value, const Arguments &arguments)
{
    return choose(heap, value, arguments, Keep::Failing, Look::Attribute);
}

Value sum(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("sum", arguments, {"attribute", "start"});
    const Value path = given.value(0, none());
    Value total = given.value(1, integer(std::int64_t(0)));
    if (total.is(Kind::String))
        raise("sum() can't sum strings [use ''.join(seq) instead]");
    for (const Value &item : Items(heap, value)) {
        heap.step();
        total = arithmetic(heap, Operator::Add, total, attributeAt(heap, item, path));
    }
    return total;
}

Value batch(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("batch", arguments, {"linecount", "fill_with"}, 1);
    const std::int64_t size = given.integer(0, 1);
    const Value fill = given.value(1, none());
    std::vector<Value> rows;
    std::vector<Value> row;
    for (const Value &item : Items(heap, value)) {
        heap.step();
        if (static_cast<std::int64_t>(row.size()) == size && !row.empty()) {
            rows.push_back(heap.list(std::move(row)));
            row = {};
        }
        row.push_back(item);
    }
    if (!row.empty()) {
        if (!fill.is(Kind::None) && static_cast<std::int64_t>(row.size()) < size) {
            heap.charge((static_cast<std::uint64_t>(size) - row.size()) * sizeof(Value));
            row.resize(static_cast<std::size_t>(size), fill);
        }
        rows.push_back(heap.list(std::move(row)));
    }
    return heap.generator("do_batch", std::move(rows));
}

Value slice(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("slice", arguments, {"slices", "fill_with"}, 1);
    const std::int64_t slices = given.integer(0, 1);
    if (slices == 0)
        raise("integer division or modulo by zero");
    const Value fill = given.value(1, none());
    const std::vector<Value> all = Items(heap, value).copy(heap);
    const auto count = static_cast<std::int64_t>(all.size());
    std::vector<Value> columns;
    std::int64_t offset = 0;
    for (std::int64_t i = 0; i < slices; ++i) {
        heap.step();
        const bool longer = i < count % slices;
        const std::int64_t size = count / slices + (longer ? 1 : 0);
        std::vector<Value> column(all.begin() + offset, all.begin() + offset + size);
        offset += size;
        if (!fill.is(Kind::None) && !longer)
            column.push_back(fill);
        columns.push_back(heap.list(std::move(column)));
    }
    return heap.generator("do_slice", std::move(columns));
}

constexpr Filter kSequenceFilters[] = {
    {"batch", batch},     {"first", first},   {"items", items},
    {"join", join},       {"last", last},     {"list", list},
    {"map", map},         {"reject", reject}, {"rejectattr", rejectAttr},
    {"reverse", reverse}, {"select", select}, {"selectattr", selectAttr},
    {"slice", slice},     {"sum", sum},
};

} // namespace

std::span<const Filter> sequenceFilters()
{
    return kSequenceFilters;
}

} // namespace alcove::llm::jinja
