#include "core/llm/jinja/methods.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace alcove::llm::jinja {

namespace {

struct BoundMethod : Callable {
    Value self;
    const Method *method = nullptr;

    Value call(Heap &heap, const Arguments &arguments) override
    {
        return method->run(heap, self, arguments);
    }
    std::string describe() const override
    {
        return "<built-in method " + std::string(method->name) + " of " + jinja::typeName(self)
            + " object>";
    }
    const char *typeName() const override { return "builtin_function_or_method"; }
};

Value view(Heap &heap, const Value &self, const Arguments &arguments, ViewOf of, const char *name)
{
    const Signature none(name, arguments, {});
    const Value v = heap.sequence(Kind::View, entriesOf(heap, *self.dict, of));
    v.sequence->view = of;
    return v;
}

constexpr Method kDictMethods[] = {
    {"get",
     [](Heap &heap, const Value &self, const Arguments &arguments) {
         const Signature given("get", arguments, {"key", "default"}, 1);
         const Value *found = self.dict->find(heap, *given[0]);
         return found ? *found : given.value(1, none());
     }},
    {"items",
     [](Heap &heap, const Value &self, const Arguments &arguments) {
         return view(heap, self, arguments, ViewOf::Items, "items");
     }},
    {"keys",
     [](Heap &heap, const Value &self, const Arguments &arguments) {
         return view(heap, self, arguments, ViewOf::Keys, "keys");
     }},
    {"values",
     [](Heap &heap, const Value &self, const Arguments &arguments) {
         return view(heap, self, arguments, ViewOf::Values, "values");
     }},
    {"copy",
     [](Heap &, const Value &self, const Arguments &arguments) {
         const Signature none("copy", arguments, {});
         return self; // nothing can change either
     }},
};

Value countOf(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("count", arguments, {"value"}, 1);
    const auto &items = self.sequence->items;
    return integer(static_cast<std::int64_t>(std::count_if(
        items.begin(), items.end(), [&](const Value &v) { return equal(heap, v, *given[0]); })));
}

Value indexIn(Heap &heap, const Value &self, const Arguments &arguments)
{
    const Signature given("index", arguments, {"value", "start", "stop"}, 1);
    const auto &items = self.sequence->items;
    const auto size = static_cast<std::int64_t>(items.size());
    const auto clampIndex = [&](std::int64_t i) {
        return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size);
    };
    const std::int64_t stop = clampIndex(given.integer(2, size));
    for (std::int64_t i = clampIndex(given.integer(1, 0)); i < stop; ++i) {
        if (equal(heap, items[static_cast<std::size_t>(i)], *given[0]))
            return integer(i);
    }
    raise("the value is not in the " + std::string(typeName(self)));
}

Value copyList(Heap &, const Value &self, const Arguments &arguments)
{
    const Signature none("copy", arguments, {});
    return self;
}

constexpr Method kSequenceMethods[] = {{"count", countOf}, {"index", indexIn}};
constexpr Method kListCopy = {"copy", copyList};

constexpr Method kFloatMethods[] = {
    {"is_integer",
     [](Heap &, const Value &self, const Arguments &arguments) {
         const Signature none("is_integer", arguments, {});
         return boolean(std::isfinite(self.real) && std::floor(self.real) == self.real);
     }},
};

template <std::size_t N>
const Method *findIn(const Method (&table)[N], std::string_view name)
{
    const auto *found = std::find_if(std::begin(table), std::end(table),
                                     [&](const Method &m) { return m.name == name; });
    return found == std::end(table) ? nullptr : found;
}

} // namespace

std::optional<Value> methodOf(Heap &heap, const Value &self, std::string_view name)
{
    const Method *method = nullptr;
    switch (self.kind) {
    case Kind::String:
        method = findStringMethod(name);
        break;
    case Kind::Dict:
        method = findIn(kDictMethods, name);
        break;
    case Kind::List:
        method = name == kListCopy.name ? &kListCopy : findIn(kSequenceMethods, name);
        break;
    case Kind::Tuple:
        if (self.sequence->group && self.sequence->items.size() == 2) {
            if (name == "grouper")
                return self.sequence->items[0];
            if (name == "list")
                return self.sequence->items[1];
        }
        method = findIn(kSequenceMethods, name);
        break;
    case Kind::Range:
        if (name == "start")
            return integer(self.sequence->start);
        if (name == "stop")
            return integer(self.sequence->stop);
        if (name == "step")
            return integer(self.sequence->step);
        method = findIn(kSequenceMethods, name);
        break;
    case Kind::Float:
        method = findIn(kFloatMethods, name);
        break;
    default:
        break;
    }
    if (!method)
        return std::nullopt;
    auto bound = std::make_unique<BoundMethod>();
    bound->self = self;
    bound->method = method;
    Value v;
    v.kind = Kind::Callable;
    v.callable = heap.adopt(std::move(bound));
    return v;
}

bool modifies(const Value &self, std::string_view name)
{
    static constexpr std::string_view kList[] = {"append", "clear", "pop",    "reverse",
                                                 "insert", "sort",  "extend", "remove"};
    static constexpr std::string_view kDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
    if (self.is(Kind::List))
        return std::find(std::begin(kList), std::end(kList), name) != std::end(kList);
    if (self.is(Kind::Dict))
        return std::find(std::begin(kDict), std::end(kDict), name) != std::end(kDict);
    return false;
}

} // namespace alcove::llm::jinja
