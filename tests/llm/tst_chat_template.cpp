// The template language, what it must refuse, and the bounds it keeps. Expected texts are those of
// the Jinja documentation and of Jinja2 as `transformers` sets it up.
#include "core/llm/chat_template.h"
#include "core/llm/template_case.h"
#include "rendered.h"

#include <QTest>

#include <thread>

using namespace alcove;
using llm::ChatTemplate;
using llm::Json;

namespace {

Json variables()
{
    return Json::parse(R"({
        "name": "World", "n": 7, "f": 2.5, "big": 18446744073709551615,
        "numbers": [3, 1, 2], "empty": [], "nothing": null, "yes": true,
        "person": {"name": "Ada", "items": "shadowed", "age": 36},
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": null},
                     {"role": "user", "content": "Grüße, 日本"}],
        "markup": "<b>&", "now": "2026-03-14T09:26:53"
    })");
}

QString render(const QString &source, const llm::TemplateLimits &limits = {})
{
    return test::rendered(source, variables(), limits);
}

QString repeated(const char *text, int count)
{
    return QString(text).repeated(count);
}

} // namespace

class TestChatTemplate : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void rendersTheLanguage_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char *name, const char *source, const char *expected) {
            QTest::newRow(name) << QString(source) << QString(expected);
        };
        // Expressions
        row("precedence", "{{ 1 + 2 * 3 - 4 / 2 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}", "5.0 4 64");
        row("floor division",
            "{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -7.5 // 2 }} {{ -7.5 % 2 }}",
            "-4 2 -2 -4.0 0.5");
        row("floats", "{{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 1.0 }} {{ 2 ** -1 }}",
            "0.30000000000000004 1e+16 1000000000000000.0 1e-05 1.0 0.5");
        row("numbers", "{{ 0x1F }} {{ 0b101 }} {{ 1_000 }} {{ 1.5e-3 }} {{ big }}",
            "31 5 1000 0.0015 18446744073709551615");
        row("concat binds tighter than plus", "{{ 'a' ~ 1 + '2' }}", "a12");
        row("repetition", "{{ 'ab' * 2 }}{{ 2 * [1] }}{{ 'x' * -1 }}", "abab[1, 1]");
        row("chained comparison", "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }}",
            "True False True");
        row("membership",
            "{{ 'or' in name }} {{ 3 in numbers }} {{ 'age' in person }} {{ 9 not in numbers }}",
            "True True True True");
        row("logic gives operands", "{{ nothing or 'x' }} {{ n and 'y' }} {{ not not n }}",
            "x y True");
        row("conditional",
            "{{ 'a' if yes else 'b' }}{{ 'c' if nothing }}{{ 1 if nothing else 2 if nothing else 3 "
            "}}",
            "a3");
        row("literals", "{{ [1, 'a', none, true, 1.5, (2,), {'k': []}] }}",
            "[1, 'a', None, True, 1.5, (2,), {'k': []}]");
        row("quotes in repr", "{{ [\"it's\", 'say \"x\"', '\\n', '\\x00é'] }}",
            "[\"it's\", 'say \"x\"', '\\n', '\\x00é']");
        row("string escapes", "{{ 'it\\'s' }}{{ \"\\x41\\u00e9\\101\" }}{{ 'a' \"b\" }}{{ '\\q' }}",
            "it'sAéAab\\q");
        row("slices",
            "{{ name[1:3] }}{{ name[::-1] }}{{ numbers[:-1] }}{{ numbers[5:] }}{{ name[-2] }}",
            "ordlroW[3, 1][]l");
        row("slices by character", "{{ messages[2].content[-2:] }}{{ messages[2].content[2] }}",
            "日本ü");
        row("attributes before items",
            "{{ person['items'] }} {{ person.items() | length }} {{ person.age }}",
            "shadowed 3 36");
        row("undefined is empty", "[{{ missing }}{{ person.missing }}{{ numbers[9] }}]", "[]");
        row("undefined in tests",
            "{{ missing is defined }}{{ person.x is undefined }}{{ missing | default('d') }}",
            "FalseTrued");
        row("markup joins escape", "{{ ('<i>' | safe) + markup }}{{ markup | e }}{{ markup }}",
            "<i>&lt;b&gt;&amp;&lt;b&gt;&amp;<b>&");
        // Methods and formatting
        row("string methods",
            "{{ ' a b '.strip() }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'abcb'.rfind('b') }}|"
            "{{ 'x'.join(['1', '2']) }}|{{ 'aXb'.partition('X') }}",
            "a b|['a', 'b,c']|3|1x2|('a', 'X', 'b')");
        row("case by Unicode", "{{ 'straße ΑΣ'.upper() }} {{ 'ΑΣ'.lower() }} {{ 'ǆ ﬁ'.title() }}",
            "STRASSE ΑΣ ας ǅ Fi");
        row("startswith any", "{{ 'abc'.startswith(('x', 'ab')) }} {{ 'abc'.endswith('') }}",
            "True True");
        row("percent format", "{{ '%05.1f|%-4s|%+d|%x' % (2.25, 'a', 3, 255) }}",
            "002.2|a   |+3|ff");
        row("brace format", "{{ '{:>4}|{0}|{x!r}'.replace('{0}', '{}').format(1, 2, x='q') }}",
            "   1|2|'q'");
        row("dict methods",
            "{{ person.get('zz', 5) }} {{ person.keys() | list }} {{ {'a': 1}.items() }}",
            "5 ['name', 'items', 'age'] dict_items([('a', 1)])");
        // Filters and tests
        row("numbers from text",
            "{{ '42' | int }} {{ 'x' | int(5) }} {{ '3.9' | int }} {{ '1e3' | float }}",
            "42 5 3 1000.0");
        row("rounding", "{{ 2.5 | round }} {{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }}",
            "2.0 2.67 42.5");
        row("sequences",
            "{{ numbers | sort }} {{ numbers | sum }} {{ numbers | first }} {{ numbers | last }} "
            "{{ numbers | join('-') }} {{ numbers | reverse | list }}",
            "[1, 2, 3] 6 3 2 3-1-2 [2, 1, 3]");
        row("selection",
            "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list "
            "}}"
            "{{ numbers | select('odd') | list }}{{ numbers | reject('gt', 1) | list }}",
            "['hi', 'Grüße, 日本'][3, 1][1]");
        row("generators are walked once",
            "{% set g = numbers | map('string') %}{{ g | list }}{{ g | list }}",
            "['3', '1', '2'][]");
        row("groups",
            "{% for role, group in messages | groupby('role') %}{{ role }}:{{ group | length }} {% "
            "endfor %}",
            "assistant:1 user:2 ");
        row("text filters",
            "{{ 'foo bar baz' | truncate(9, leeway=0) }}|{{ 'a\nb' | indent(2) }}|{{ 'fOO bar' | "
            "title }}|"
            "{{ ' x ' | trim }}|{{ 'a b' | wordcount }}",
            "foo...|a\n  b|Foo Bar|x|2");
        row("order of a dict", "{{ {'b': 1, 'A': 2} | dictsort }}", "[('A', 2), ('b', 1)]");
        row("tojson", "{{ {'a': [1, none, true, 'é<\"'], 'b': {}} | tojson }}",
            "{\"a\": [1, null, true, \"é<\\\"\"], \"b\": {}}");
        row("tojson with options",
            "{{ {'b': 1, 'a': [2]} | tojson(indent=2, sort_keys=true) }}{{ [1, 2] | "
            "tojson(separators=(',', ':')) }}",
            "{\n  \"a\": [\n    2\n  ],\n  \"b\": 1\n}[1,2]");
        row("tests",
            "{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ name is string and n is not string }}{{ "
            "person is mapping }}"
            "{{ numbers is sequence }}{{ true is integer }}{{ missing is iterable }}",
            "TrueTrueTrueTrueTrueFalseTrue");
        row("a filter only a branch needs", "{% if false %}{{ 1 | from_json }}{% endif %}ok", "ok");
        // Statements
        row("loop",
            "{% for x in numbers %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.previtem }}"
            "{{ loop.cycle('a', 'b') }}{% if not loop.last %},{% endif %}{% endfor %}",
            "12a,213b,301a");
        row("loop.changed", "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
            "TrueFalseTrue");
        row("loop filter and else",
            "{% for x in numbers if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}"
            "{% for x in empty %}{% else %}none{% endfor %}",
            "3222none");
        row("unpacking",
            "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}"
            "{% for k, v in {'x': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
            "123x1");
        row("recursive loop",
            "{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}"
            "{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}",
            "1@1(2@2(3@3))");
        row("loop controls",
            "{% for x in range(9) %}{% if x == 1 %}{% continue %}{% endif %}"
            "{% if x == 4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
            "023");
        row("scoping",
            "{% set x = 0 %}{% for i in numbers %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}"
            "{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
            "31209");
        row("namespace",
            "{% set ns = namespace(sum=0) %}{% for i in numbers %}{% set ns.sum = ns.sum + i %}{% "
            "endfor %}{{ ns.sum }}",
            "6");
        row("set",
            "{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set t | upper %}x{{ n }}{% endset %}{{ t }}",
            "21X7");
        row("macro",
            "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}"
            "{{ m(1) }}|{{ m(1, 3, 4, 5, x=6) }}",
            "121(){}|134(5,){'x': 6}");
        row("macros recurse",
            "{% macro f(k) %}{{ k }}{% if k > 0 %}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(3) "
            "}}",
            "3210");
        row("call block",
            "{% macro each(l) %}{% for x in l %}[{{ caller(x) }}]{% endfor %}{% endmacro %}"
            "{% call(x) each([1, 2]) %}v{{ x }}{% endcall %}",
            "[v1][v2]");
        row("filter block", "{% filter replace('a', 'b') | upper %}aha{% endfilter %}", "BHB");
        row("with", "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
            "17False");
        row("raw and comments", "{% raw %}{{ x }}{% endraw %}{# {{ y }} #}!", "{{ x }}!");
        row("generation blocks", "{% generation %}x{{ n }}{% endgeneration %}", "x7");
        row("cycler and joiner",
            "{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.next() }}{{ c.next() }}"
            "{% set j = joiner('|') %}{{ j() }}a{{ j() }}b",
            "121a|b");
        row("clock", "{{ strftime_now('%d %b %Y %H:%M, %A, %-d, %j') }}",
            "14 Mar 2026 09:26, Saturday, 14, 073");
        // White space
        row("trim_blocks", "{% if true %}\na\n{% endif %}\n\nb\n", "a\n\nb");
        row("lstrip_blocks", "  {% if true %}\n  x\n\t{% endif %}\n  {{ n }}\n", "  x\n  7");
        row("minus", "a \n {%- if true -%} \n b {%- endif -%} \n c", "abc");
        row("plus", "  {%+ if true +%}\nx{% endif %}", "  \nx");
        row("comments strip as blocks do", "  {# c #}\nx {#- c -#} y", "xy");
        row("line ends", "a\r\nb\rc\r\n", "a\nb\nc");
    }

    void rendersTheLanguage()
    {
        QFETCH(QString, source);
        QFETCH(QString, expected);
        QCOMPARE(render(source), expected);
    }

    void saysWhereAndWhy_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("part");
        const auto row = [](const char *source, const char *part) {
            QTest::newRow(source) << QString(source) << QString(part);
        };
        row("a\n{{ missing.x }}", "line 2: 'missing' is undefined");
        row("{{ person.zz.x }}", "line 1: 'dict object' has no attribute 'zz'");
        row("{{ missing() }}", "'missing' is undefined");
        row("{{ missing + 1 }}", "'missing' is undefined");
        row("{{ 'a' + 1 }}", "can only concatenate str (not \"int\") to str");
        row("{{ nothing + 1 }}", "unsupported operand type(s) for +: 'NoneType' and 'int'");
        row("{{ 1 < 'a' }}", "'<' not supported between instances of 'int' and 'str'");
        row("{{ 1 / 0 }}", "division by zero");
        row("{{ 9223372036854775807 + 1 }}", "an integer is too large");
        row("{{ numbers.append(1) }}", "access to attribute 'append' of 'list' object is unsafe.");
        row("{{ person.update({}) }}", "access to attribute 'update' of 'dict' object is unsafe.");
        row("{{ ''.__class__.__mro__ }}",
            "access to attribute '__class__' of 'str' object is unsafe.");
        row("{{ raise_exception('No tools here') }}", "line 1: No tools here");
        row("{{ missing | tojson }}", "Object of type Undefined is not JSON serializable");
        row("{{ numbers | map('string') | length }}", "object of type 'generator' has no len()");
        row("{% for a, b in [[1]] %}{% endfor %}",
            "not enough values to unpack (expected 2, got 1)");
        row("{% for x in nothing %}{% endfor %}", "'NoneType' object is not iterable");
        row("{% set name.x = 1 %}", "cannot assign attribute on non-namespace object");
        row("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "takes not more than 1 argument(s)");
        row("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "takes no keyword argument 'b'");
        row("{{ name | nosuch }}", "no filter named 'nosuch'");
        row("{{ name is nosuch }}", "no test named 'nosuch'");
        row("{{ range(200000) }}", "range too big");
        row("x\n\n{% if yes %}", "line 3: unexpected end of template");
        row("{% endif %}", "encountered unknown tag 'endif'");
        row("{% do numbers.append(1) %}", "encountered unknown tag 'do'");
        row("{% include 'x' %}", "needs other templates");
        row("{% break %}", "'break' outside of a loop");
        row("{{ 1 + }}", "expected an expression");
        row("{{ (1] }}", "unexpected ']', expected ')'");
        row("{{ 'abc }}", "a string is never closed");
        row("{{ a ! b }}", "unexpected character '!'");
        row("{# x", "a comment is never closed");
        row("{% raw %}", "a raw block is never closed");
        row("{% set true = 1 %}", "can't assign to 'true'");
        row("{{ 007 }}", "expected end of print statement");
    }

    void saysWhereAndWhy()
    {
        QFETCH(QString, source);
        QFETCH(QString, part);
        // All bounds on memory follow the output's. Filling the usual ones would only take longer:
        // what is not stopped here is stopped by none.
        const llm::TemplateLimits limits{.outputBytes = 1u << 20};
        const auto parsed = ChatTemplate::parse(source.toStdString());
        const auto text = parsed ? parsed->render(variables(), limits) : fail(parsed.error());
        QVERIFY(!text);
        QCOMPARE(text.error().code, ErrorCode::TemplateFailed);
        const QString message = QString::fromStdString(text.error().message);
        QVERIFY2(message.contains(part), qPrintable(message));
        QVERIFY2(message.contains(QStringLiteral(" line ")), qPrintable(message));
    }

    // Each would run for ages or take all memory if it were not stopped.
    void keepsItsBounds_data()
    {
        QTest::addColumn<QString>("source");
        const auto row = [](const char *name, const QString &source) {
            QTest::newRow(name) << source;
        };
        const QString range = QStringLiteral("range(100000)");
        row("nested loops",
            QString("{% for a in R %}{% for b in R %}{% for c in R %}{% endfor %}{% endfor %}{% "
                    "endfor %}")
                .replace('R', range));
        row("huge output",
            QString("{% for a in R %}{% for b in R %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor "
                    "%}{% endfor %}")
                .replace('R', range));
        row("doubling a text",
            "{% set ns = namespace(s='ab') %}{% for i in range(90) %}{% set ns.s = ns.s + ns.s "
            "%}{% endfor %}");
        row("doubling a list",
            "{% set ns = namespace(s=[1]) %}{% for i in range(90) %}{% set ns.s = ns.s + ns.s %}{% "
            "endfor %}");
        row("doubling what is printed",
            "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] "
            "%}{% endfor %}{{ ns.s }}");
        row("doubling what is compared",
            "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, "
            "ns.s] %}"
            "{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}");
        row("doubling what is JSON",
            "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] "
            "%}{% endfor %}{{ ns.s | tojson }}");
        row("doubling by concat",
            "{% set ns = namespace(s='ab') %}{% for i in range(90) %}{% set ns.s = ns.s ~ ns.s "
            "%}{% endfor %}");
        row("doubling by blocks",
            "{% set ns = namespace(s='ab') %}{% for i in range(90) %}{% set ns.s %}{{ ns.s }}{{ "
            "ns.s }}{% endset %}{% endfor %}");
        row("repeating a text", "{{ 'x' * 999999999999 }}");
        row("repeating a text often",
            "{{ 'x' * 9223372036854775807 }}{{ ('xy' * 9223372036854775807) }}");
        row("repeating a list", "{{ [0] * 999999999 }}");
        row("replacing", "{% set a = 'x' * 100000 %}{{ (a | replace('x', a)) | length }}");
        row("joining", "{% set a = 'x' * 100000 %}{{ a.join(a) | length }}");
        row("padding", "{{ 'x'.center(99999999999) }}");
        row("padding by format", "{{ '%99999999d' % 1 }}{{ '%999999999d' % 1 }}");
        row("padding by braces", "{{ '{:>999999999}'.format(1) }}");
        row("indenting", "{{ ('\n' * 100000) | indent(100000, blank=true) }}");
        row("indenting JSON", "{{ [[[[1]]]] | tojson(indent=999999999) }}");
        row("filling with zeros", "{{ '1'.zfill(999999999) }}");
        row("tabs", "{{ ('\t' * 1000).expandtabs(9999999) }}");
        row("batches", "{{ [1] | batch(999999999, 0) | list }}");
        row("slices", "{{ [] | slice(999999999) | list }}");
        row("a namespace in itself", "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}");
        row("macros calling each other",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() "
            "}}");
        row("a macro calling itself twice",
            "{% macro a(k) %}{{ a(k + 1) }}{{ a(k + 1) }}{% endmacro %}{{ a(0) }}");
        row("a loop calling itself", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}");
        row("deep lists",
            "{% set ns = namespace(s=[]) %}{% for i in range(1000) %}{% set ns.s = [ns.s] %}{% "
            "endfor %}{{ ns.s }}");
        row("deep brackets", "{{ " + repeated("(", 100000) + "1" + repeated(")", 100000) + " }}");
        row("deep lists in the source",
            "{{ " + repeated("[", 100000) + repeated("]", 100000) + " }}");
        row("deep calls", "{{ " + repeated("range(", 100000) + repeated(")", 100000) + " }}");
        row("deep signs", "{{ " + repeated("-", 100000) + "1 }}");
        row("deep blocks", repeated("{% if true %}", 100000) + repeated("{% endif %}", 100000));
        row("deep targets",
            "{% set " + repeated("(", 100000) + "a" + repeated(")", 100000) + " = 1 %}");
        row("deep format fields", "{{ ('{:' * 500 + '}' * 500).format(1) }}");
        row("power", "{{ 9 ** 999999999 }}");
        row("a search made slow",
            "{% set a = 'a' * 1000000 %}{% for i in range(10000) %}{{ a.find('a' * 500000 + 'b') "
            "}}{% endfor %}");
        row("splitting from the right",
            "{% set a = 'a' * 200000 %}{{ a.rsplit('a' * 40, 100000) | length }}{% for i in "
            "range(100000) %}{{ a.rsplit('a' * 40, 1000) | length }}{% endfor %}");
        row("sorting", "{% for i in range(1000) %}{{ range(100000) | sort | length }}{% endfor %}");
        row("a source too large", repeated("x", (1 << 20) + 1));
    }

    void keepsItsBounds()
    {
        QFETCH(QString, source);
        // All bounds on memory follow the output's. Filling the usual ones would only take longer:
        // what is not stopped here is stopped by none.
        const llm::TemplateLimits limits{.outputBytes = 1u << 20};
        const auto parsed = ChatTemplate::parse(source.toStdString());
        const auto text = parsed ? parsed->render(variables(), limits) : fail(parsed.error());
        QVERIFY(!text);
        QCOMPARE(text.error().code, ErrorCode::TemplateFailed);
        QVERIFY(!text.error().message.empty());
        QVERIFY(text.error().message.size() < 4000);
    }

    void theUsualBoundsStopTooMuch()
    {
        QVERIFY(render("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% "
                       "endfor %}")
                    .contains("more steps than is allowed"));
        QVERIFY(
            render("{% set ns = namespace(s='ab') %}{% for i in range(90) %}{% set ns.s = ns.s + "
                   "ns.s %}{% endfor %}")
                .contains("more text and lists than is allowed"));
        QVERIFY(render("{% for i in range(90) %}{{ 'x' * 1000000 }}{% endfor %}")
                    .contains("longer than is allowed"));
    }

    // What is long but not nested is no deeper for it.
    void longIsNotDeep()
    {
        QCOMPARE(render("{{ 0" + repeated(" + 1", 5000) + " }}"), QString("5000"));
        QCOMPARE(render("{{ ''" + repeated(" ~ 'a'", 5000) + " }}").size(), 5000);
        QCOMPARE(render("{{ 'a'" + repeated(" | upper", 5000) + " }}"), QString("A"));
        QCOMPARE(render("{{ " + repeated("not ", 5001) + "true }}"), QString("False"));
        QCOMPARE(render("{{ " + repeated("1 if false else ", 5000) + "2 }}"), QString("2"));
        QCOMPARE(render("{% if false %}" + repeated("{% elif false %}", 5000)
                        + "{% else %}x{% endif %}"),
                 QString("x"));
        QCOMPARE(render("{{ 1" + repeated(" and 1", 5000) + " }}"), QString("1"));
    }

    void boundsAreTheCallers()
    {
        const QString loop = QStringLiteral("{% for x in range(1000) %}x{% endfor %}");
        QCOMPARE(render(loop).size(), 1000);
        QVERIFY(render(loop, {.steps = 100}).contains("more steps than is allowed"));
        QVERIFY(render(loop, {.outputBytes = 999}).contains("longer than is allowed"));
        QCOMPARE(render(loop, {.outputBytes = 1000}).size(), 1000);
        const QString nested = repeated("{% if true %}", 20) + "x" + repeated("{% endif %}", 20);
        QCOMPARE(render(nested), QString("x"));
        QVERIFY(render(nested, {.depth = 10}).contains("nested deeper than is allowed"));
    }

    void chatMlRendersAConversation()
    {
        const auto chat = ChatTemplate::parse(ChatTemplate::chatMl());
        QVERIFY(chat);
        const Json conversation =
            Json::parse(R"({"messages": [{"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi\n"}], "add_generation_prompt": true})");
        const auto text = chat->render(conversation);
        QVERIFY(text);
        QCOMPARE(
            QString::fromStdString(*text),
            QString("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n"
                    "<|im_start|>assistant\n"));
    }

    void malformedTextIsReplaced()
    {
        Json given;
        given["text"] = std::string("a\xFF\xC3");
        const auto parsed = ChatTemplate::parse("\xFE{{ text }}{{ text | length }}");
        QVERIFY(parsed);
        const auto text = parsed->render(given);
        QVERIFY(text);
        QCOMPARE(*text,
                 std::string("\xEF\xBF\xBD"
                             "a\xEF\xBF\xBD\xEF\xBF\xBD"
                             "3"));
    }

    void variablesMustFit()
    {
        const auto parsed = ChatTemplate::parse("{{ strftime_now('%Y') }}");
        QVERIFY(parsed);
        QCOMPARE(parsed->render(Json::array()).error().code, ErrorCode::InvalidArgument);
        QCOMPARE(parsed->render({{"now", "yesterday"}}).error().code, ErrorCode::InvalidArgument);
        QCOMPARE(parsed->render({{"now", "2026-02-30T00:00:00"}}).error().code,
                 ErrorCode::InvalidArgument);
        QVERIFY(parsed->render(Json::object())->size() >= 4);
        Json deep;
        Json *inner = &deep["tools"];
        for (int i = 0; i < 5000; ++i) {
            *inner = Json::array({nullptr});
            inner = &(*inner)[0];
        }
        const auto uses = ChatTemplate::parse("{{ tools }}");
        QVERIFY(uses);
        QCOMPARE(uses->render(deep).error().code, ErrorCode::TemplateFailed);
    }

    void casesAreChecked()
    {
        const auto good =
            llm::renderCase("{{ messages[0].content }}{{ bos_token }}",
                            Json::parse(R"({"messages": [{"content": "x"}], "bos_token": "<s>"})"));
        QVERIFY(good);
        QCOMPARE(*good, std::string("x<s>"));
        QCOMPARE(llm::renderCase("x", Json::array()).error().code, ErrorCode::InvalidArgument);
        QCOMPARE(llm::renderCase("x", Json::object()).error().code, ErrorCode::InvalidArgument);
        QCOMPARE(llm::renderCase("{{", Json::parse(R"({"messages": []})")).error().code,
                 ErrorCode::TemplateFailed);
    }

    void threadsMayShareATemplate()
    {
        const auto parsed = ChatTemplate::parse(
            "{% for i in range(200) %}{{ 'é' ~ i }}{{ messages | tojson }}{% endfor %}");
        QVERIFY(parsed);
        const Json given = variables();
        const std::string expected = *parsed->render(given);
        std::vector<std::string> results(4);
        std::vector<std::thread> threads;
        for (std::string &result : results)
            threads.emplace_back([&parsed, &given, &result] { result = *parsed->render(given); });
        for (std::thread &thread : threads)
            thread.join();
        for (const std::string &result : results)
            QCOMPARE(result, expected);
    }
};

QTEST_APPLESS_MAIN(TestChatTemplate)
#include "tst_chat_template.moc"
