// The filters that lay text out and that write HTML. Expected texts are what Jinja2 3.1 on Python
// 3.11 writes for the same templates and variables.
#include "core/llm/chat_template.h"
#include "core/llm/template_case.h"
#include "rendered.h"

#include <QTest>

using namespace alcove;
using llm::ChatTemplate;
using llm::Json;

namespace {

Json variables()
{
    return Json::parse(R"({
        "prose": "The quick brown fox jumps over the lazy dog, and nobody minds.",
        "prose2": "The quick brown fox jumps over the lazy dog, and nobody minds; it does so every single morning at seven.",
        "words": ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota",
                  "kappa", "lambda"],
        "tool": {"type": "function", "function": {"name": "get_weather",
            "description": "Current weather for a city, in the unit that is asked for, from the nearest station.",
            "parameters": {"type": "object", "required": ["city"], "properties": {
                "city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}}}}}
    })");
}

QString render(const QString &source, const llm::TemplateLimits &limits = {})
{
    return test::rendered(source, variables(), limits);
}

} // namespace

class TestTemplateFilters : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void renders_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char *name, const char *source, const char *expected) {
            QTest::newRow(name) << QString(source) << QString(expected);
        };
        row("plain", "{{ prose | wordwrap(24) }}",
            "The quick brown fox\njumps over the lazy dog,\nand nobody minds.");
        row("default width", "{{ (prose ~ \" \" ~ prose) | wordwrap }}",
            "The quick brown fox jumps over the lazy dog, and nobody minds. The quick brown\nfox "
            "jumps over the lazy dog, and nobody minds.");
        row("paragraphs stay", "{{ \"aa bb\\n\\ncc dd ee\\n\" | wordwrap(5) }}|",
            "aa bb\n\ncc dd\nee|");
        row("long words",
            "{{ \"to abcdefghij k\" | wordwrap(4) }}|{{ \"to abcdefghij k\" | wordwrap(4, false) "
            "}}",
            "to a\nbcde\nfghi\nj k|to\nabcdefghij\nk");
        row("space before a long word", "{{ \"aaa bbbbbbbb\" | wordwrap(4) }}|",
            "aaa \nbbbb\nbbbb|");
        row("space at the ends",
            "{{ \"   a b   \" | wordwrap(3) }}|{{ \"a    b\" | wordwrap(3) }}|{{ \"     \" | "
            "wordwrap(2) }}|",
            "a b|a\nb||");
        row("hyphens", "{{ \"a goof-ball uses the -b option, e-mail-box\" | wordwrap(7) }}",
            "a goof-\nball\nuses\nthe -b\noption,\ne-mail-\nbox");
        row("no hyphens",
            "{{ \"a goof-ball uses the -b option, e-mail-box\" | wordwrap(7, "
            "break_on_hyphens=false) }}",
            "a goof-\nball\nuses\nthe -b\noption,\ne-mail-\nbox");
        row("hyphens in long words",
            "{{ \"--ab-cd-efghij-1-2\" | wordwrap(6) }}|{{ \"------abcdef\" | wordwrap(4) }}",
            "--ab-\ncd-efg\nhij-1-\n2|----\n--ab\ncdef");
        row("dashes", "{{ \"so---what? well--yes -- and -- no--\" | wordwrap(6) }}",
            "so---\nwhat?\nwell--\nyes --\nand --\nno--");
        row("own line end",
            "{{ \"a b c\" | wordwrap(1, wrapstring=\"<br>\") }}|{{ \"a\\nb\" | wordwrap(1, "
            "wrapstring=\"+\") }}",
            "a<br>b<br>c|a+b");
        row("characters, not bytes", "{{ \"日本語 日本 Grüße-an éé\" | wordwrap(6) }}",
            "日本語 日本\nGrüße-\nan éé");
        row("letters and digits", "{{ \"x1-y2 12-34 ab-3c a_b-c_d é-è-ü\" | wordwrap(4) }}",
            "x1-\ny2 1\n2-34\nab-\n3c\na_b-\nc_d \né-è-\nü");
        row("hyphens that are only truthy",
            "{{ \"ab-cd ef-ghijk\" | wordwrap(4, break_on_hyphens=1) }}", "ab-\ncd e\nf-\nghij\nk");
        row("other spaces", "{{ \"a\\u00a0b \\u00a0 c\\td\" | wordwrap(3) }}|",
            "a\u00a0b\n\u00a0 c\nd|");
        row("empty", "[{{ \"\" | wordwrap(3) }}]", "[]");
        row("short values",
            "{{ 5 | pprint }} {{ \"it's\" | pprint }} {{ [1, none, true] | pprint }} {{ {\"b\": 1, "
            "\"a\": (2,)} | pprint }}",
            "5 \"it's\" [1, None, True] {'a': (2,), 'b': 1}");
        row("undefined", "{{ missing | pprint }}", "Undefined");
        row("long list", "{{ words | pprint }}",
            "['alpha',\n 'beta',\n 'gamma',\n 'delta',\n 'epsilon',\n 'zeta',\n 'eta',\n "
            "'theta',\n 'iota',\n 'kappa',\n 'lambda']");
        row("long dict", "{{ tool | pprint }}",
            "{'function': {'description': 'Current weather for a city, in the unit that is '\n     "
            "                        'asked for, from the nearest station.',\n              "
            "'name': 'get_weather',\n              'parameters': {'properties': {'city': {'type': "
            "'string'},\n                                            'unit': {'enum': ['c', "
            "'f'],\n                                                     'type': 'string'}},\n     "
            "                        'required': ['city'],\n                             'type': "
            "'object'}},\n 'type': 'function'}");
        row("long text", "{{ prose2 | pprint }}",
            "('The quick brown fox jumps over the lazy dog, and nobody minds; it does so '\n "
            "'every single morning at seven.')");
        row("text in a list", "{{ [prose2, \"x\"] | pprint }}",
            "['The quick brown fox jumps over the lazy dog, and nobody minds; it does so '\n "
            "'every single morning at seven.',\n 'x']");
        row("text by lines",
            "{{ \"first line that is fairly long indeed\\nsecond line that is long as "
            "well\\n\\nthird\" | pprint }}",
            "('first line that is fairly long indeed\\n'\n 'second line that is long as well\\n'\n "
            "'\\n'\n 'third')");
        row("one word", "{{ (\"x\" * 100) | pprint }}|{{ [(\"y\" * 90)] | pprint }}",
            "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxxx'|['"
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
            "yyyy']");
        row("long tuple", "{{ (\"a\" * 40, \"b\" * 40) | pprint }}|{{ (\"c\" * 90,) | pprint }}",
            "('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',\n "
            "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb')|('"
            "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
            "cccc',)");
        row("keys in order",
            "{{ {\"b\": 1, 3: 2, none: 3, 2.5: 4, (1, \"a\"): 5, \"a\": 6, (1,): 7, true: 8} | "
            "pprint }}",
            "{None: 3, True: 8, 2.5: 4, 3: 2, 'a': 6, 'b': 1, (1,): 7, (1, 'a'): 5}");
        row("nested keys in order", "{{ [{\"b\": {\"d\": 1, \"c\": 2}, \"a\": []}] | pprint }}",
            "[{'a': [], 'b': {'c': 2, 'd': 1}}]");
        row("lengths at the edge",
            "{{ [\"a\" * 74] | pprint }}|{{ [\"a\" * 75] | pprint }}|{{ [\"a\" * 76] | pprint "
            "}}|{{ [\"a\" * 77, 1] | pprint }}",
            "['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']|['"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']|['"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']|['"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',\n 1]");
        row("views and ranges",
            "{{ range(3) | pprint }} {{ {\"b\": 1, \"a\": 2}.items() | pprint }}",
            "range(0, 3) dict_items([('b', 1), ('a', 2)])");
        row("safe text", "{{ (\"<b>\" | safe) | pprint }}", "Markup('<b>')");
        row("characters in text", "{{ \"日本\\n\\t\\x00é\\\\\" | pprint }}",
            "'日本\\n\\t\\x00é\\\\'");
        row("attributes",
            "<a{{ {\"class\": \"my list\", \"missing\": none, \"gone\": missing, \"id\": \"l-\" ~ "
            "3, \"n\": 2.5, \"q\": \"\\\"<'&\"} | xmlattr }}>",
            "<a class=\"my list\" id=\"l-3\" n=\"2.5\" q=\"&#34;&lt;&#39;&amp;\">");
        row("no space before",
            "{{ {\"a\": 1, \"b\": true} | xmlattr(false) }}|{{ {} | xmlattr }}|{{ {\"a\": none} | "
            "xmlattr }}",
            "a=\"1\" b=\"True\"||");
        row("safe attributes", "{{ {\"a\": \"<b>\" | safe, \"x&y\": \"1\"} | xmlattr }}",
            " a=\"<b>\" x&amp;y=\"1\"");
        row("urls",
            "{{ \"see https://example.com/a?b=1&c#d, (http://x.org) or www.y.net.\" | urlize }}",
            "see <a href=\"https://example.com/a?b=1&amp;c#d\" "
            "rel=\"noopener\">https://example.com/a?b=1&amp;c#d</a>, (<a href=\"http://x.org\" "
            "rel=\"noopener\">http://x.org</a>) or <a href=\"https://www.y.net\" "
            "rel=\"noopener\">www.y.net</a>.");
        row("bare hosts",
            "{{ \"example.com sub.example.org/path example.de a.b x.com:80/ y.com:123456\" | "
            "urlize }}",
            "<a href=\"https://example.com\" rel=\"noopener\">example.com</a> <a "
            "href=\"https://sub.example.org/path\" rel=\"noopener\">sub.example.org/path</a> "
            "example.de a.b x.com:80/ y.com:123456");
        row("mail",
            "{{ \"a@b.co, mailto:me@x.org <c.d@e-f.gh> @a@b.c x@y a:b@c.de www.a@b.cd\" | urlize "
            "}}",
            "<a href=\"mailto:a@b.co\">a@b.co</a>, <a href=\"mailto:me@x.org\">me@x.org</a> &lt;<a "
            "href=\"mailto:c.d@e-f.gh\">c.d@e-f.gh</a>&gt; @a@b.c x@y a:b@c.de www.a@b.cd");
        row("addresses",
            "{{ \"http://127.0.0.1:8080/x http://1.2.3 http://[::1]/ https://[fe80::1:2]:1 "
            "http://[12345::]\" | urlize }}",
            "<a href=\"http://127.0.0.1:8080/x\" rel=\"noopener\">http://127.0.0.1:8080/x</a> "
            "http://1.2.3 <a href=\"http://[::1]/\" rel=\"noopener\">http://[::1]/</a> <a "
            "href=\"https://[fe80::1:2]:1\" rel=\"noopener\">https://[fe80::1:2]:1</a> "
            "http://[12345::]");
        row("brackets",
            "{{ \"(https://en.wikipedia.org/wiki/X_(y)) ((a.com)) <b.org>, https://x.org/a>).\" | "
            "urlize }}",
            "(<a href=\"https://en.wikipedia.org/wiki/X_(y)\" "
            "rel=\"noopener\">https://en.wikipedia.org/wiki/X_(y)</a>) ((a.com)) &lt;b.org&gt;, <a "
            "href=\"https://x.org/a\" rel=\"noopener\">https://x.org/a</a>&gt;).");
        row("not urls",
            "{{ \"http:// https://a http://a..b www. ftp://x.org http://a.b1 HTTP://X.COM "
            "http://xn--ab.xn--p1ai\" | urlize }}",
            "http:// https://a http://a..b www. ftp://x.org http://a.b1 <a "
            "href=\"https://HTTP://X.COM\" rel=\"noopener\">HTTP://X.COM</a> <a "
            "href=\"http://xn--ab.xn--p1ai\" rel=\"noopener\">http://xn--ab.xn--p1ai</a>");
        row("short addresses",
            "{{ \"https://example.com/long/path www.x.org\" | urlize(12) }} {{ "
            "\"https://example.com\" | urlize(trim_url_limit=-4) }}",
            "<a href=\"https://example.com/long/path\" rel=\"noopener\">https://exam...</a> <a "
            "href=\"https://www.x.org\" rel=\"noopener\">www.x.org</a> <a "
            "href=\"https://example.com\" rel=\"noopener\">https://example...</a>");
        row("relations",
            "{{ \"ab.com\" | urlize(nofollow=true, rel=\"b a noopener\", target=\"_bl&nk\") }}",
            "<a href=\"https://ab.com\" rel=\"a b nofollow noopener\" "
            "target=\"_bl&amp;nk\">ab.com</a>");
        row("schemes",
            "{{ \"tel:123 ftp://x git+ssh://y.z tel: a.com\" | urlize(extra_schemes=[\"tel:\", "
            "\"ftp://\", \"git+ssh:\"]) }}",
            "<a href=\"tel:123\" rel=\"noopener\">tel:123</a> <a href=\"ftp://x\" "
            "rel=\"noopener\">ftp://x</a> <a href=\"git+ssh://y.z\" "
            "rel=\"noopener\">git+ssh://y.z</a> tel: a.com");
        row("escapes",
            "{{ \"<b>x.com</b> a&b \\\"c\\\"\" | urlize }}|{{ (\"<i>x.com\" | safe) | urlize }}|{{ "
            "5 | urlize }}|{{ missing | urlize }}",
            "&lt;b&gt;x.com&lt;/b&gt; a&amp;b &#34;c&#34;|<i>x.com|5|");
        row("space stays", "{{ \" a.com \\n\\t b.com\\n\" | urlize }}", " a.com \n\t b.com\n");
        row("Unicode hosts", "{{ \"http://grüße.de/日本 http://x.рф é@ü.de\" | urlize }}",
            "<a href=\"http://grüße.de/日本\" rel=\"noopener\">http://grüße.de/日本</a> "
            "http://x.рф <a href=\"mailto:é@ü.de\">é@ü.de</a>");
    }
    void renders()
    {
        QFETCH(QString, source);
        QFETCH(QString, expected);
        QCOMPARE(render(source), expected);
    }

    void refuses_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("says");
        const auto row = [](const char *name, const char *source, const char *says) {
            QTest::newRow(name) << QString(source) << QString(says);
        };
        row("no width", "{{ \"a\" | wordwrap(0) }}", "invalid width 0 (must be > 0)");
        row("wrapping a number", "{{ 5 | wordwrap }}", "wordwrap needs a string, not int");
        row("wrapping nothing", "{{ missing | wordwrap }}", "'missing' is undefined");
        row("attribute name", "{{ {\"a b\": 1} | xmlattr }}",
            "Invalid character in attribute name: 'a b'");
        row("attribute name with a slash", "{{ {\"a/\": 1} | xmlattr }}",
            "Invalid character in attribute name: 'a/'");
        row("attributes of a list", "{{ [1] | xmlattr }}", "xmlattr needs a dict, not list");
        row("attribute that is no text", "{{ {1: 2} | xmlattr }}",
            "xmlattr needs names that are strings, not int");
        row("scheme", "{{ \"x\" | urlize(extra_schemes=[\"no scheme\"]) }}",
            "'no scheme' is not a valid URI scheme prefix.");
        row("random text", "{{ lipsum(2) }}", "lipsum() is not supported: its text is random");
        row("random item", "{{ [1] | random }}", "no filter named 'random'");
    }
    void refuses()
    {
        QFETCH(QString, source);
        QFETCH(QString, says);
        const QString text = render(source);
        QVERIFY2(text.contains(says), qPrintable(text));
        QVERIFY(!text.startsWith("RENDER: ") || text.contains("line 1"));
    }

    // What grows more than its input is metered.
    void keepsItsBounds_data()
    {
        QTest::addColumn<QString>("source");
        const auto row = [](const char *name, const char *source) {
            QTest::newRow(name) << QString(source);
        };
        row("long line ends", "{{ ('a ' * 5000) | wordwrap(1, wrapstring='b' * 5000) }}");
        row("long line ends between paragraphs",
            "{{ ('a\n' * 5000) | wordwrap(9, wrapstring='b' * 5000) }}");
        row("wide keys", "{{ {'k' * 5000: ['a' * 90] * 5000} | pprint }}");
        row("many attributes", "{% for i in range(100000) %}{{ tool | xmlattr }}{% endfor %}");
        row("many links", "{{ ('ab.com ' * 5000) | urlize(rel='x' * 5000) }}");
        row("deep values",
            "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}"
            "{% endfor %}{{ ns.x | pprint }}");
    }
    void keepsItsBounds()
    {
        QFETCH(QString, source);
        const QString text = render(source, {100'000, 100, 1u << 20});
        QVERIFY2(text.startsWith("RENDER: "), qPrintable(text.left(200)));
    }
};

QTEST_APPLESS_MAIN(TestTemplateFilters)
#include "tst_template_filters.moc"
