// Value: what a template expression evaluates to, with Python's types and str().
//
// A Value is a small tag and either a scalar or a pointer to an object that a Heap owns; it is
// valid as long as its Heap. Objects never change once built, except namespaces and the
// interpreter's own counters (cycler, loop), so values are shared freely. One thread at a time per
// Heap; a parsed template's constants are only read and may be shared by threads.
#pragma once

#include "core/llm/jinja/failure.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace alcove::llm::jinja {

enum class Kind : std::uint8_t {
    Undefined,
    None,
    Bool,
    Int,
    UInt, // JSON integers beyond 63 bits: kept exactly for output, computed with as floats
    Float,
    String,
    List,
    Tuple,
    Range,
    Dict,
    View, // dict.keys(), .values(), .items()
    Generator, // what map, select and their like return: can be walked once
    Namespace,
    Callable, // macro, global function, bound method, loop, cycler, joiner
};

struct Object {
    Object() = default;
    Object(const Object &) = delete;
    Object &operator=(const Object &) = delete;
    virtual ~Object() = default;
};

struct Missing;
struct String;
struct Sequence;
struct Dict;
struct Namespace;
struct Callable;

struct Value {
    Kind kind = Kind::None;
    union {
        bool boolean;
        std::int64_t integer = 0;
        std::uint64_t large;
        double real;
        const Missing *missing; // may be null
        const String *string;
        Sequence *sequence; // List, Tuple, Range, View, Generator
        const Dict *dict;
        Namespace *space;
        Callable *callable;
    };

    bool is(Kind k) const { return kind == k; }
    bool isNumber() const { return kind >= Kind::Bool && kind <= Kind::Float; }
    bool isIntegral() const { return kind == Kind::Bool || kind == Kind::Int; }
    bool isSequence() const { return kind >= Kind::List && kind <= Kind::Range; }
    double asReal() const; // of a number
    std::int64_t asInteger() const; // of an integral
    const std::string &text() const; // of a string
};

inline Value none()
{
    return {};
}

inline Value undefined()
{
    Value v;
    v.kind = Kind::Undefined;
    v.missing = nullptr;
    return v;
}

inline Value boolean(bool b)
{
    Value v;
    v.kind = Kind::Bool;
    v.integer = 0;
    v.boolean = b;
    return v;
}

inline Value integer(std::int64_t i)
{
    Value v;
    v.kind = Kind::Int;
    v.integer = i;
    return v;
}

inline Value integer(std::size_t i)
{
    return integer(static_cast<std::int64_t>(i));
}

inline Value real(double d)
{
    Value v;
    v.kind = Kind::Float;
    v.real = d;
    return v;
}

// Why a value is undefined: the message of the error that its use raises.
struct Missing : Object {
    std::string reason;
};

struct String : Object {
    std::string text; // valid UTF-8
    std::size_t length = 0; // code points
    bool markup = false; // marked safe: joining it with plain text escapes that text

    bool ascii() const { return length == text.size(); }
};

enum class ViewOf : std::uint8_t { Keys, Values, Items };

struct Sequence : Object {
    std::vector<Value> items;
    std::size_t next = 0; // Generator: the first item not walked yet
    std::int64_t start = 0; // Range
    std::int64_t stop = 0; // Range
    std::int64_t step = 1; // Range
    ViewOf view = ViewOf::Keys; // View
    bool group = false; // Tuple: has the names grouper and list
    const char *generator = ""; // Generator: what made it
};

class Heap;

// Insertion order; keys as Python compares them (1, 1.0 and true are one key).
struct Dict : Object {
    std::vector<std::pair<Value, Value>> entries;

    const Value *find(Heap &heap, std::string_view key) const;
    const Value *find(Heap &heap, const Value &key) const; // Failure for an unhashable key
    void set(Heap &heap, const Value &key, const Value &value);

private:
    std::unordered_multimap<std::size_t, std::uint32_t> m_index; // by hash, once it is worth it
};

struct Namespace : Object {
    std::vector<std::pair<std::string, Value>> fields;

    const Value *find(Heap &heap, std::string_view name) const;
    void set(Heap &heap, std::string_view name, const Value &value);
};

// Arguments of a call, a filter or a test. Keyword names live as long as the template or its
// values.
struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string_view, Value>> keyword;
};

// What one kind of callable shares; the evaluator calls it.
struct Callable : Object {
    virtual Value call(Heap &heap, const Arguments &arguments) = 0;
    virtual std::string describe() const = 0; // str()
    // An attribute, or undefined() when it has none of that name.
    virtual Value attribute(Heap &, std::string_view) { return undefined(); }
    virtual bool takesCalls() const { return true; } // `is callable`
    virtual const char *typeName() const = 0;
};

// How much one parse or render may do.
struct Bounds {
    std::uint64_t steps = 0;
    std::uint64_t bytes = 0; // of all values ever made
    std::uint32_t depth = 0;
};

// Owns the values of one parse or one render and meters its work. Every bound raises a Failure.
class Heap
{
public:
    explicit Heap(const Bounds &bounds) : m_bounds(bounds) { }

    Value string(std::string text, bool markup = false);
    Value string(std::string_view text) { return string(std::string(text)); }
    Value string(const char *text) { return string(std::string(text)); }
    Value substring(const String &of, std::string_view part); // no copy when it is the whole
    Value list(std::vector<Value> items) { return sequence(Kind::List, std::move(items)); }
    Value tuple(std::vector<Value> items) { return sequence(Kind::Tuple, std::move(items)); }
    Value sequence(Kind kind, std::vector<Value> items);
    Value generator(const char *name, std::vector<Value> items);
    Value range(std::int64_t start, std::int64_t stop, std::int64_t step); // step is not 0
    Value missing(std::string reason);
    Value dict(std::unique_ptr<Dict> object); // charges its entries
    Value space(std::unique_ptr<Namespace> object);

    template <typename T>
    T *adopt(std::unique_ptr<T> object)
    {
        charge(sizeof(T) + 16);
        T *raw = object.get();
        m_objects.push_back(std::move(object));
        return raw;
    }

    // Counts one unit of work.
    void step()
    {
        if (++m_steps > m_bounds.steps)
            tooManySteps();
    }
    // Counts the reading or writing of `bytes`.
    void work(std::uint64_t bytes);
    // Counts bytes about to be allocated; call it before allocating what input decides.
    void charge(std::uint64_t bytes);
    std::uint32_t depth() const { return m_depth; }

private:
    friend class DepthGuard;
    [[noreturn]] void tooManySteps() const;
    [[noreturn]] void tooDeep() const;

    Bounds m_bounds;
    std::uint64_t m_steps = 0;
    std::uint64_t m_bytes = 0;
    std::uint32_t m_depth = 0;
    std::vector<std::unique_ptr<Object>> m_objects;
};

// One level of recursion, of whatever recurses.
class DepthGuard
{
public:
    explicit DepthGuard(Heap &heap) : m_heap(heap)
    {
        if (++m_heap.m_depth > m_heap.m_bounds.depth) {
            --m_heap.m_depth;
            m_heap.tooDeep();
        }
    }
    ~DepthGuard() { --m_heap.m_depth; }
    DepthGuard(const DepthGuard &) = delete;
    DepthGuard &operator=(const DepthGuard &) = delete;

private:
    Heap &m_heap;
};

bool truthy(const Value &value);
// Python's name of the type: "str", "dict", "NoneType".
const char *typeName(const Value &value);
// As Jinja names it in errors: "dict object", "None".
std::string describeType(const Value &value);
// `undefined` in a place that needs a value: raises its reason.
[[noreturn]] void raiseUndefined(const Value &value);
inline void requireDefined(const Value &value)
{
    if (value.is(Kind::Undefined))
        raiseUndefined(value);
}

bool equal(Heap &heap, const Value &a, const Value &b);
// a < b; `symbol` is for the error when the two have no order.
bool less(Heap &heap, const Value &a, const Value &b, const char *symbol = "<");
std::size_t hashOf(Heap &heap, const Value &value); // Failure when unhashable

} // namespace alcove::llm::jinja
