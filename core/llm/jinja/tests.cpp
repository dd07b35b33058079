#include "core/llm/jinja/tests.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/arguments.h"
#include "core/llm/jinja/filters.h"
#include "core/llm/jinja/operators.h"
#include "core/llm/jinja/repr.h"
#include "core/llm/jinja/text.h"

#include <unordered_map>

namespace alcove::llm::jinja {

namespace {

using TestFunction = bool (*)(Heap &heap, const Value &value, const Arguments &arguments);

template <Operator op>
bool compares(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("test", arguments, {"other"}, 1);
    return compare(heap, op, value, *given[0]);
}

template <Kind kind>
bool isKind(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("test", arguments, {});
    return value.is(kind);
}

template <bool wanted>
bool isBoolean(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("test", arguments, {});
    return value.is(Kind::Bool) && value.boolean == wanted;
}

template <std::int64_t remainder>
bool hasParity(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("test", arguments, {});
    const Value rest = arithmetic(heap, Operator::Modulo, value, integer(std::int64_t(2)));
    return equal(heap, rest, integer(remainder));
}

bool isDefined(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("defined", arguments, {});
    return !value.is(Kind::Undefined);
}

bool isInteger(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("integer", arguments, {});
    return value.is(Kind::Int) || value.is(Kind::UInt);
}

bool isNumber(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("number", arguments, {});
    return value.isNumber();
}

bool isSequence(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("sequence", arguments, {});
    return lengthOf(value).has_value() && !value.is(Kind::View);
}

bool isIterableTest(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("iterable", arguments, {});
    return isIterable(value);
}

bool isCallable(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("callable", arguments, {});
    // Python calls an undefined value callable: its class says what calling it raises.
    return value.is(Kind::Undefined) || (value.is(Kind::Callable) && value.callable->takesCalls());
}

bool isSame(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature given("sameas", arguments, {"other"}, 1);
    const Value &other = *given[0];
    if (value.kind != other.kind)
        return false;
    switch (value.kind) {
    case Kind::None:
        return true;
    case Kind::Bool:
        return value.boolean == other.boolean;
    case Kind::Int:
        return value.integer == other.integer;
    case Kind::UInt:
        return value.large == other.large;
    case Kind::Float:
        return value.real == other.real;
    case Kind::String:
        return value.string == other.string;
    case Kind::Dict:
        return value.dict == other.dict;
    case Kind::Undefined:
        return value.missing == other.missing;
    case Kind::Namespace:
        return value.space == other.space;
    case Kind::Callable:
        return value.callable == other.callable;
    default:
        return value.sequence == other.sequence;
    }
}

bool isDivisible(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature given("divisibleby", arguments, {"num"}, 1);
    return equal(heap, arithmetic(heap, Operator::Modulo, value, *given[0]),
                 integer(std::int64_t(0)));
}

bool isEscaped(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("escaped", arguments, {});
    return value.is(Kind::String) && value.string->markup;
}

bool isLowerCase(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("lower", arguments, {});
    const Value text = toString(heap, value);
    heap.work(text.text().size());
    return isLower(text.text());
}

bool isUpperCase(Heap &heap, const Value &value, const Arguments &arguments)
{
    const Signature none("upper", arguments, {});
    const Value text = toString(heap, value);
    heap.work(text.text().size());
    return isUpper(text.text());
}

bool isFilterName(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("filter", arguments, {});
    return value.is(Kind::String) && isFilter(value.text());
}

bool isTestName(Heap &, const Value &value, const Arguments &arguments)
{
    const Signature none("test", arguments, {});
    return value.is(Kind::String) && isTest(value.text());
}

const std::unordered_map<std::string_view, TestFunction> &table()
{
    static const std::unordered_map<std::string_view, TestFunction> all = {
        {"!=", compares<Operator::NotEqual>},
        {"<", compares<Operator::Less>},
        {"<=", compares<Operator::LessEqual>},
        {"==", compares<Operator::Equal>},
        {">", compares<Operator::Greater>},
        {">=", compares<Operator::GreaterEqual>},
        {"boolean", isKind<Kind::Bool>},
        {"callable", isCallable},
        {"defined", isDefined},
        {"divisibleby", isDivisible},
        {"eq", compares<Operator::Equal>},
        {"equalto", compares<Operator::Equal>},
        {"escaped", isEscaped},
        {"even", hasParity<0>},
        {"false", isBoolean<false>},
        {"filter", isFilterName},
        {"float", isKind<Kind::Float>},
        {"ge", compares<Operator::GreaterEqual>},
        {"greaterthan", compares<Operator::Greater>},
        {"gt", compares<Operator::Greater>},
        {"in", compares<Operator::In>},
        {"integer", isInteger},
        {"iterable", isIterableTest},
        {"le", compares<Operator::LessEqual>},
        {"lessthan", compares<Operator::Less>},
        {"lower", isLowerCase},
        {"lt", compares<Operator::Less>},
        {"mapping", isKind<Kind::Dict>},
        {"ne", compares<Operator::NotEqual>},
        {"none", isKind<Kind::None>},
        {"number", isNumber},
        {"odd", hasParity<1>},
        {"sameas", isSame},
        {"sequence", isSequence},
        {"string", isKind<Kind::String>},
        {"test", isTestName},
        {"true", isBoolean<true>},
        {"undefined", isKind<Kind::Undefined>},
        {"upper", isUpperCase},
    };
    return all;
}

} // namespace

bool isTest(std::string_view name)
{
    return table().count(name) != 0;
}

bool applyTest(Heap &heap, std::string_view name, const Value &value, const Arguments &arguments)
{
    const auto found = table().find(name);
    if (found == table().end())
        raise("no test named '" + std::string(name.substr(0, 80)) + "'");
    heap.step();
    return found->second(heap, value, arguments);
}

} // namespace alcove::llm::jinja
