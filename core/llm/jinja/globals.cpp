#include "core/llm/jinja/globals.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/repr.h"

#include <algorithm>
#include <iterator>

namespace alcove::llm::jinja {

namespace {

Value wrap(Callable *callable)
{
    Value v;
    v.kind = Kind::Callable;
    v.callable = callable;
    return v;
}

using GlobalRun = Value (*)(Heap &heap, const Arguments &arguments);

struct Global {
    std::string_view name;
    GlobalRun run;
};

struct GlobalFunction : Callable {
    const Global *global = nullptr;

    Value call(Heap &heap, const Arguments &arguments) override
    {
        return global->run(heap, arguments);
    }
    std::string describe() const override { return "<function " + std::string(global->name) + ">"; }
    const char *typeName() const override { return "function"; }
};

struct StrftimeNow : Callable {
    std::optional<DateTime> now;

    Value call(Heap &heap, const Arguments &arguments) override
    {
        const Signature given("strftime_now", arguments, {"format"}, 1);
        const String *format = given.string(0);
        if (!format)
            raise("strftime_now() needs a format");
        constexpr std::uint64_t kLongest = 32; // bytes that two of a format become
        heap.charge(format->text.size() * kLongest / 2);
        heap.work(format->text.size() * kLongest / 2);
        return heap.string(formatDateTime(format->text, now ? *now : localNow()));
    }
    std::string describe() const override { return "<function strftime_now>"; }
    const char *typeName() const override { return "function"; }
};

// Adds a step of something that changes to the names it offers.
struct BoundStep : Callable {
    Callable *owner = nullptr;
    Value (*run)(Callable &owner) = nullptr;

    Value call(Heap &, const Arguments &arguments) override
    {
        const Signature none("cycler", arguments, {});
        return run(*owner);
    }
    std::string describe() const override { return "<bound method>"; }
    const char *typeName() const override { return "method"; }
};

struct Cycler : Callable {
    std::vector<Value> values;
    std::size_t next = 0;

    Value call(Heap &, const Arguments &) override { raise("'Cycler' object is not callable"); }
    std::string describe() const override { return "<Cycler>"; }
    const char *typeName() const override { return "Cycler"; }
    bool takesCalls() const override { return false; }
    Value attribute(Heap &heap, std::string_view name) override
    {
        if (name == "current")
            return values[next];
        if (name != "next" && name != "reset")
            return undefined();
        auto bound = std::make_unique<BoundStep>();
        bound->owner = this;
        if (name == "next") {
            bound->run = [](Callable &owner) {
                auto &cycler = static_cast<Cycler &>(owner);
                const Value value = cycler.values[cycler.next];
                cycler.next = (cycler.next + 1) % cycler.values.size();
                return value;
            };
        } else {
            bound->run = [](Callable &owner) {
                static_cast<Cycler &>(owner).next = 0;
                return jinja::none();
            };
        }
        return wrap(heap.adopt(std::move(bound)));
    }
};

struct Joiner : Callable {
    Value separator;
    bool used = false;

    Value call(Heap &heap, const Arguments &arguments) override
    {
        const Signature none("joiner", arguments, {});
        if (!used) {
            used = true;
            return heap.string("");
        }
        return separator;
    }
    std::string describe() const override { return "<Joiner>"; }
    const char *typeName() const override { return "Joiner"; }
};

Value range(Heap &heap, const Arguments &arguments)
{
    const Signature given("range", arguments, {"start", "stop", "step"}, 1);
    const std::int64_t step = given.integer(2, 1);
    if (step == 0)
        raise("range() arg 3 must not be zero");
    if (!given.has(1))
        return heap.range(0, given.integer(0, 0), 1);
    return heap.range(given.integer(0, 0), given.integer(1, 0), step);
}

// dict(mapping or pairs, name=value, ...)
std::unique_ptr<Dict> makeDict(Heap &heap, const Arguments &arguments)
{
    auto dict = std::make_unique<Dict>();
    if (arguments.positional.size() > 1)
        raise("dict expected at most 1 argument");
    for (const Value &from : arguments.positional) {
        requireDefined(from);
        if (from.is(Kind::Dict)) {
            for (const auto &[key, value] : from.dict->entries)
                dict->set(heap, key, value);
            continue;
        }
        for (const Value &pair : Items(heap, from)) {
            const Items parts(heap, pair);
            if (parts.size() != 2)
                raise("dict needs pairs of a key and a value");
            dict->set(heap, parts.all()[0], parts.all()[1]);
        }
    }
    for (const auto &[name, value] : arguments.keyword)
        dict->set(heap, heap.string(name), value);
    return dict;
}

Value dict(Heap &heap, const Arguments &arguments)
{
    return heap.dict(makeDict(heap, arguments));
}

Value space(Heap &heap, const Arguments &arguments)
{
    const auto fields = makeDict(heap, arguments);
    auto out = std::make_unique<Namespace>();
    for (const auto &[key, value] : fields->entries) {
        const std::string name = textOf(heap, key);
        heap.charge(sizeof(Value) + sizeof(std::string));
        out->fields.emplace_back(name, value);
    }
    return heap.space(std::move(out));
}

Value cycler(Heap &heap, const Arguments &arguments)
{
    if (!arguments.keyword.empty())
        raise("cycler() takes no keyword arguments");
    if (arguments.positional.empty())
        raise("at least one item has to be provided");
    auto object = std::make_unique<Cycler>();
    object->values = arguments.positional;
    heap.charge(object->values.size() * sizeof(Value));
    return wrap(heap.adopt(std::move(object)));
}

Value joiner(Heap &heap, const Arguments &arguments)
{
    const Signature given("joiner", arguments, {"sep"});
    auto object = std::make_unique<Joiner>();
    object->separator = given.value(0, heap.string(", "));
    return wrap(heap.adopt(std::move(object)));
}

Value raiseException(Heap &heap, const Arguments &arguments)
{
    const Signature given("raise_exception", arguments, {"message"}, 1);
    raise(textOf(heap, *given[0]));
}

Value lipsum(Heap &, const Arguments &)
{
    raise("lipsum() is not supported: its text is random");
}

constexpr Global kGlobals[] = {
    {"cycler", cycler}, {"dict", dict},       {"joiner", joiner},
    {"lipsum", lipsum}, {"namespace", space}, {"raise_exception", raiseException},
    {"range", range},
};

} // namespace

Value globalNamed(Heap &heap, std::string_view name, const std::optional<DateTime> &now)
{
    if (name == "strftime_now") {
        auto object = std::make_unique<StrftimeNow>();
        object->now = now;
        return wrap(heap.adopt(std::move(object)));
    }
    const auto *found = std::find_if(std::begin(kGlobals), std::end(kGlobals),
                                     [&](const Global &g) { return g.name == name; });
    if (found == std::end(kGlobals))
        return undefined();
    auto object = std::make_unique<GlobalFunction>();
    object->global = found;
    return wrap(heap.adopt(std::move(object)));
}

Value cycleThrough(const Arguments &arguments, std::size_t index)
{
    if (!arguments.keyword.empty())
        raise("cycle() takes no keyword arguments");
    if (arguments.positional.empty())
        raise("no items for cycling given");
    return arguments.positional[index % arguments.positional.size()];
}

} // namespace alcove::llm::jinja
