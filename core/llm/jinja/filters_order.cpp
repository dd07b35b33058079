// Filters that compare the items of a sequence with each other.
#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <span>

namespace alcove::llm::jinja {

namespace {

// A value and what it is sorted by.
struct Keyed {
    Value key;
    Value item;
};

Value foldedCase(Heap &heap, const Value &value)
{
    if (!value.is(Kind::String))
        return value;
    heap.charge(value.text().size());
    heap.work(value.text().size() * 8);
    return heap.string(toLower(value.text()));
}

enum class Case { Fold, Keep };

Case caseOf(const Signature &given, std::size_t parameter)
{
    return given.truth(parameter, false) ? Case::Keep : Case::Fold;
}

// A merge sort, because Python's order need not be a strict weak one (think of NaN), which the
// standard library's sorts rely on.
void sortByKey(Heap &heap, std::vector<Keyed> &items)
{
    heap.charge(items.size() * sizeof(Keyed));
    std::vector<Keyed> merged(items.size());
    for (std::size_t width = 1; width < items.size(); width *= 2) {
        for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
            const std::size_t middle = std::min(begin + width, items.size());
            const std::size_t end = std::min(begin + 2 * width, items.size());
            std::size_t left = begin;
            std::size_t right = middle;
            for (std::size_t out = begin; out < end; ++out) {
                const bool takeRight = left == middle
                    || (right < end && less(heap, items[right].key, items[left].key));
                merged[out] = takeRight ? items[right++] : items[left++];
            }
        }
        items.swap(merged);
    }
}

std::vector<Keyed> keyed(Heap &heap, const Value &value, const Value &path, Case fold)
{
    std::vector<Keyed> out;
    const Items all(heap, value);
    heap.charge(all.size() * sizeof(Keyed));
    out.reserve(all.size());
    for (const Value &item : all) {
        heap.step();
        const Value key = attributeAt(heap, item, path);
        out.push_back({fold == Case::Fold ? foldedCase(heap, key) : key, item});
    }
    return out;
}

std::vector<Value> itemsOf(Heap &heap, const std::vector<Keyed> &all)
{
    heap.charge(all.size() * sizeof(Value));
    std::vector<Value> out;
    out.reserve(all.size());
    for (const Keyed &one : all)
        out.push_back(one.item);
    return out;
}

Value sort(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("sort", arguments, {"reverse", "case_sensitive", "attribute"});
    const Case fold = caseOf(given, 1);
    const Value path = given.value(2, none());
    std::vector<Keyed> all;
    if (path.is(Kind::String) && path.text().find(',') != std::string::npos) {
        // several attributes, by the first, then the second, ...
        all = keyed(heap, value, none(), Case::Keep);
        for (Keyed &one : all) {
            std::vector<Value> keys;
            std::string_view rest = path.text();
            for (;;) {
                const std::size_t comma = std::min(rest.find(','), rest.size());
                const Value key = attributeAt(heap, one.item, heap.string(rest.substr(0, comma)));
                keys.push_back(fold == Case::Fold ? foldedCase(heap, key) : key);
                if (comma == rest.size())
                    break;
                rest.remove_prefix(comma + 1);
            }
            one.key = heap.list(std::move(keys));
        }
    } else {
        all = keyed(heap, value, path, fold);
    }
    // Reversing before and after keeps equal items in their order.
    const bool descending = given.integer(0, 0) != 0;
    if (descending)
        std::reverse(all.begin(), all.end());
    sortByKey(heap, all);
    if (descending)
        std::reverse(all.begin(), all.end());
    return heap.list(itemsOf(heap, all));
}

Value dictSort(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("dictsort", arguments, {"case_sensitive", "by", "reverse"});
    const String *by = given.string(1);
    if (by && by->text != "key" && by->text != "value")
        raise("You can only sort by either \"key\" or \"value\"");
    requireDefined(value);
    if (!value.is(Kind::Dict))
        raise("'" + describeType(value) + "' has no attribute 'items'");
    const Value pairs = heap.list(entriesOf(heap, *value.dict, ViewOf::Items));
    const std::int64_t part = by && by->text == "value" ? 1 : 0;
    std::vector<Keyed> all = keyed(heap, pairs, integer(part), caseOf(given, 0));
    const bool descending = given.truth(2, false);
    if (descending)
        std::reverse(all.begin(), all.end());
    sortByKey(heap, all);
    if (descending)
        std::reverse(all.begin(), all.end());
    return heap.list(itemsOf(heap, all));
}

Value unique(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("unique", arguments, {"case_sensitive", "attribute"});
    Dict seen;
    std::vector<Value> out;
    for (const Keyed &one : keyed(heap, value, given.value(1, none()), caseOf(given, 0))) {
        if (seen.find(heap, one.key))
            continue;
        heap.charge(4 * sizeof(Value));
        seen.set(heap, one.key, none());
        out.push_back(one.item);
    }
    return heap.generator("do_unique", std::move(out));
}

enum class Extreme { Least, Greatest };

Value extreme(Heap &heap, const Value &value, const Arguments &arguments, Extreme wanted)
{
    const Signature given(wanted == Extreme::Least ? "min" : "max", arguments,
                          {"case_sensitive", "attribute"});
    const auto all = keyed(heap, value, given.value(1, none()), caseOf(given, 0));
    if (all.empty())
        return heap.missing("No aggregated item, sequence was empty.");
    const Keyed *best = &all.front();
    for (const Keyed &one : std::span(all).subspan(1)) {
        const bool better = wanted == Extreme::Least ? less(heap, one.key, best->key)
                                                     : less(heap, best->key, one.key, ">");
        if (better)
            best = &one;
    }
    return best->item;
}

Value minimum(Heap &heap, const Value &value, const Arguments &arguments)
{
    return extreme(heap, value, arguments, Extreme::Least);
}

Value maximum(Heap &heap, const Value &value, const Arguments &arguments)
{
    return extreme(heap, value, arguments, Extreme::Greatest);
}

Value groupBy(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
    const Case fold = caseOf(given, 2);
    const Value fallback = given.value(1, none());
    const auto keyOf = [&](const Value &item) {
        const Value key = attributeAt(heap, item, *given[0]);
        return key.is(Kind::Undefined) && !fallback.is(Kind::None) ? fallback : key;
    };
    std::vector<Keyed> all = keyed(heap, value, none(), Case::Keep);
    for (Keyed &one : all) {
        const Value key = keyOf(one.item);
        one.key = fold == Case::Fold ? foldedCase(heap, key) : key;
    }
    sortByKey(heap, all);
    std::vector<Value> groups;
    for (std::size_t begin = 0; begin < all.size();) {
        std::vector<Value> members;
        std::size_t end = begin;
        while (end < all.size() && equal(heap, all[end].key, all[begin].key))
            members.push_back(all[end++].item);
        if (end == begin) // NaN differs even from itself
            members.push_back(all[end++].item);
        const Value group = heap.tuple({keyOf(all[begin].item), heap.list(std::move(members))});
        group.sequence->group = true;
        groups.push_back(group);
        begin = end;
    }
    return heap.list(std::move(groups));
}

constexpr Filter kOrderFilters[] = {
    {"dictsort", dictSort}, {"groupby", groupBy}, {"max", maximum},
    {"min", minimum},       {"sort", sort},       {"unique", unique},
};

} // namespace

std::span<const Filter> orderFilters()
{
    return kOrderFilters;
}

} // namespace alcove::llm::jinja
