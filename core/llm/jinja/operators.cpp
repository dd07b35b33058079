#include "core/llm/jinja/operators.h"

#include "core/llm/jinja/access.h"
#include "core/llm/jinja/format.h"
#include "core/llm/jinja/search.h"
#include "core/llm/jinja/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alcove::llm::jinja {

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

const char *symbolOf(Operator op)
{
    switch (op) {
    case Operator::Add:
        return "+";
    case Operator::Subtract:
        return "-";
    case Operator::Multiply:
        return "*";
    case Operator::Divide:
        return "/";
    case Operator::FloorDivide:
        return "//";
    case Operator::Modulo:
        return "%";
    case Operator::Power:
        return "** or pow()";
    case Operator::Less:
        return "<";
    case Operator::LessEqual:
        return "<=";
    case Operator::Greater:
        return ">";
    case Operator::GreaterEqual:
        return ">=";
    default:
        return "";
    }
}

[[noreturn]] void tooLarge()
{
    raise("an integer is too large");
}

[[noreturn]] void unsupported(Operator op, const Value &a, const Value &b)
{
    requireDefined(a);
    requireDefined(b);
    raise(std::string("unsupported operand type(s) for ") + symbolOf(op) + ": '" + typeName(a)
          + "' and '" + typeName(b) + "'");
}

std::int64_t add(std::int64_t a, std::int64_t b)
{
    if (b > 0 ? a > kLargest - b : a < kSmallest - b)
        tooLarge();
    return a + b;
}

std::int64_t subtract(std::int64_t a, std::int64_t b)
{
    if (b > 0 ? a < kSmallest + b : a > kLargest + b)
        tooLarge();
    return a - b;
}

std::int64_t multiply(std::int64_t a, std::int64_t b)
{
    if (a == 0 || b == 0)
        return 0;
    if ((a == -1 && b == kSmallest) || (b == -1 && a == kSmallest))
        tooLarge();
    if (a > 0 ? (b > 0 ? a > kLargest / b : b < kSmallest / a)
              : (b > 0 ? a < kSmallest / b : b < kLargest / a))
        tooLarge();
    return a * b;
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b)
{
    if (b == 0)
        raise("integer division or modulo by zero");
    if (b == -1)
        return subtract(0, a);
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t modulo(std::int64_t a, std::int64_t b)
{
    if (b == 0)
        raise("integer modulo by zero");
    if (b == -1)
        return 0;
    const std::int64_t remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double modulo(double a, double b)
{
    if (b == 0)
        raise("float modulo");
    const double remainder = std::fmod(a, b);
    if (remainder == 0)
        return std::copysign(0.0, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floorDivide(double a, double b)
{
    if (b == 0)
        raise("float floor division by zero");
    return std::floor((a - modulo(a, b)) / b + 0.5); // exact but for rounding, which this undoes
}

Value power(const Value &a, const Value &b)
{
    if (a.isIntegral() && b.isIntegral() && b.asInteger() >= 0) {
        std::int64_t result = 1;
        std::int64_t base = a.asInteger();
        for (std::int64_t left = b.asInteger(); left > 0; left >>= 1) {
            if ((left & 1) != 0)
                result = multiply(result, base);
            if (left > 1)
                base = multiply(base, base);
        }
        return integer(result);
    }
    const double x = a.asReal();
    const double y = b.asReal();
    if (x == 0 && y < 0)
        raise("0.0 cannot be raised to a negative power");
    const double result = std::pow(x, y);
    if (std::isnan(result) && !std::isnan(x) && !std::isnan(y))
        raise("a negative number has no real power of that kind");
    if (std::isinf(result) && !std::isinf(x) && !std::isinf(y))
        raise("numerical result out of range");
    return real(result);
}

Value arithmeticOfNumbers(Operator op, const Value &a, const Value &b)
{
    if (op == Operator::Power)
        return power(a, b);
    if (op == Operator::Divide) {
        if (b.asReal() == 0)
            raise("division by zero");
        return real(a.asReal() / b.asReal());
    }
    if (a.isIntegral() && b.isIntegral()) {
        const std::int64_t x = a.asInteger();
        const std::int64_t y = b.asInteger();
        switch (op) {
        case Operator::Add:
            return integer(add(x, y));
        case Operator::Subtract:
            return integer(subtract(x, y));
        case Operator::Multiply:
            return integer(multiply(x, y));
        case Operator::FloorDivide:
            return integer(floorDivide(x, y));
        default:
            return integer(modulo(x, y));
        }
    }
    const double x = a.asReal();
    const double y = b.asReal();
    switch (op) {
    case Operator::Add:
        return real(x + y);
    case Operator::Subtract:
        return real(x - y);
    case Operator::Multiply:
        return real(x * y);
    case Operator::FloorDivide:
        return real(floorDivide(x, y));
    default:
        return real(modulo(x, y));
    }
}

Value joinStrings(Heap &heap, const String &a, const String &b)
{
    const bool markup = a.markup || b.markup;
    heap.charge(a.text.size() + b.text.size());
    heap.work(a.text.size() + b.text.size());
    std::string out = markup && !a.markup ? escapeHtml(a.text) : a.text;
    out += markup && !b.markup ? escapeHtml(b.text) : b.text;
    return heap.string(std::move(out), markup);
}

Value joinSequences(Heap &heap, const Value &a, const Value &b)
{
    std::vector<Value> items;
    const auto &left = a.sequence->items;
    const auto &right = b.sequence->items;
    heap.charge((left.size() + right.size()) * sizeof(Value));
    heap.work((left.size() + right.size()) * sizeof(Value));
    items.reserve(left.size() + right.size());
    items.insert(items.end(), left.begin(), left.end());
    items.insert(items.end(), right.begin(), right.end());
    return heap.sequence(a.kind, std::move(items));
}

Value addValues(Heap &heap, const Value &a, const Value &b)
{
    if (a.is(Kind::String) && b.is(Kind::String))
        return joinStrings(heap, *a.string, *b.string);
    if ((a.is(Kind::List) && b.is(Kind::List)) || (a.is(Kind::Tuple) && b.is(Kind::Tuple)))
        return joinSequences(heap, a, b);
    if ((a.is(Kind::String) || a.is(Kind::List) || a.is(Kind::Tuple)) && !b.is(Kind::Undefined)) {
        raise(std::string("can only concatenate ") + typeName(a) + " (not \"" + typeName(b)
              + "\") to " + typeName(a));
    }
    unsupported(Operator::Add, a, b);
}

Value repeat(Heap &heap, const Value &value, std::int64_t times)
{
    const std::uint64_t count = times > 0 ? static_cast<std::uint64_t>(times) : 0;
    const std::uint64_t size =
        value.is(Kind::String) ? value.text().size() : value.sequence->items.size() * sizeof(Value);
    if (size != 0 && count > std::numeric_limits<std::uint32_t>::max())
        heap.charge(std::numeric_limits<std::uint64_t>::max()); // the product might not fit
    heap.charge(size * count);
    heap.work(size * count);
    if (value.is(Kind::String)) {
        std::string out;
        out.reserve(static_cast<std::size_t>(size * count));
        for (std::uint64_t i = 0; size != 0 && i < count; ++i)
            out += value.text();
        return heap.string(std::move(out), value.string->markup);
    }
    std::vector<Value> items;
    items.reserve(value.sequence->items.size() * static_cast<std::size_t>(size != 0 ? count : 0));
    for (std::uint64_t i = 0; size != 0 && i < count; ++i)
        items.insert(items.end(), value.sequence->items.begin(), value.sequence->items.end());
    return heap.sequence(value.kind, std::move(items));
}

bool repeats(const Value &value)
{
    return value.is(Kind::String) || value.is(Kind::List) || value.is(Kind::Tuple);
}

} // namespace

Value arithmetic(Heap &heap, Operator op, const Value &a, const Value &b)
{
    if (a.isNumber() && b.isNumber())
        return arithmeticOfNumbers(op, a, b);
    if (op == Operator::Add)
        return addValues(heap, a, b);
    if (op == Operator::Modulo && a.is(Kind::String))
        return formatPercent(heap, *a.string, b);
    if (op == Operator::Multiply) {
        if (repeats(a) && b.isIntegral())
            return repeat(heap, a, b.asInteger());
        if (repeats(b) && a.isIntegral())
            return repeat(heap, b, a.asInteger());
    }
    unsupported(op, a, b);
}

bool contains(Heap &heap, const Value &container, const Value &item)
{
    switch (container.kind) {
    case Kind::String:
        if (!item.is(Kind::String)) {
            raise(std::string("'in <string>' requires string as left operand, not ")
                  + typeName(item));
        }
        heap.work(container.text().size());
        return Needle(heap, item.text()).find(container.text()) != std::string_view::npos;
    case Kind::Dict:
        return container.dict->find(heap, item) != nullptr;
    case Kind::Undefined:
        return false;
    case Kind::List:
    case Kind::Tuple:
    case Kind::Range:
    case Kind::View:
    case Kind::Generator: {
        const auto &items = container.sequence->items;
        for (std::size_t i = container.is(Kind::Generator) ? container.sequence->next : 0;
             i < items.size(); ++i) {
            if (container.is(Kind::Generator))
                container.sequence->next = i + 1;
            if (equal(heap, items[i], item))
                return true;
        }
        return false;
    }
    default:
        raise(std::string("argument of type '") + typeName(container) + "' is not iterable");
    }
}

bool compare(Heap &heap, Operator op, const Value &a, const Value &b)
{
    switch (op) {
    case Operator::Equal:
        return equal(heap, a, b);
    case Operator::NotEqual:
        return !equal(heap, a, b);
    case Operator::Less:
        return less(heap, a, b, "<");
    case Operator::Greater:
        return less(heap, b, a, ">");
    case Operator::LessEqual:
    case Operator::GreaterEqual: {
        const Value &low = op == Operator::LessEqual ? a : b;
        const Value &high = op == Operator::LessEqual ? b : a;
        return less(heap, low, high, symbolOf(op)) || equal(heap, low, high);
    }
    case Operator::In:
        return contains(heap, b, a);
    case Operator::NotIn:
        return !contains(heap, b, a);
    default:
        return false;
    }
}

Value negative(const Value &value)
{
    requireDefined(value);
    if (value.isIntegral())
        return integer(subtract(0, value.asInteger()));
    if (value.isNumber())
        return real(-value.asReal());
    raise(std::string("bad operand type for unary -: '") + typeName(value) + "'");
}

Value positive(const Value &value)
{
    requireDefined(value);
    if (value.is(Kind::Bool))
        return integer(value.asInteger());
    if (value.isNumber())
        return value;
    raise(std::string("bad operand type for unary +: '") + typeName(value) + "'");
}

} // namespace alcove::llm::jinja
