#include "form_cases.h"

namespace alcove::test {

std::vector<FormCase> schemaCases()
{
    std::vector<FormCase> cases;
    const auto row = [&](const char *name, const char *form, const QStringList &good,
                         const QStringList &bad) {
        cases.push_back({name, QString::fromUtf8(form), good, bad});
    };
    row("anything", "{}",
        {"1", "null", "\"a\"", "[1, 2]", "{\"a\": {\"b\": []}}", "true", "-1.5e3", "[]", "{}"},
        {"", "nul", "[1,]", "{\"a\"}", "01", "+1", "'a'", "[1 2]", "\"a", "1 ", "\"\n\""});
    row("true", "true", {"1", "{}"}, {""});
    row("null", R"({"type": "null"})", {"null"}, {"0", "\"null\""});
    row("boolean", R"({"type": "boolean"})", {"true", "false"}, {"True", "1"});
    row("integer", R"({"type": "integer"})", {"0", "-1", "123456789"},
        {"1.5", "-0", "01", "1e3", "\"1\""});
    row("number", R"({"type": "number"})", {"0", "-1.25", "1e10", "2E-5", "0.5"},
        {".5", "1.", "1e", "NaN", "1e999"});
    row("string", R"({"type": "string"})", {R"("")", R"("a b")", R"("日😀")", R"("\n\"\\\/é")"},
        {"a", R"("\x")", R"("\u12")", R"("\ud800")", R"("\uDFFF")", "\"\t\""});
    row("several types", R"({"type": ["integer", "null"]})", {"1", "null"}, {"\"a\"", "1.5"});
    row("integer or number", R"({"type": ["integer", "number"]})", {"1", "1.5"}, {"null"});
    row("type from keywords", R"({"minLength": 2})", {R"("ab")"}, {"1", R"("a")"});
    row("enum", R"({"enum": ["a", 1, null, {"b": [true]}]})",
        {R"("a")", "1", "null", R"({"b":[true]})"}, {R"("b")", "2", "true"});
    row("enum with a type", R"({"type": "string", "enum": ["a", 1]})", {R"("a")"}, {"1"});
    row("enum that needs escapes", R"({"enum": ["\"\\\n", "é"]})", {R"("\"\\\n")", "\"é\""}, {});
    row("const", R"({"const": "x"})", {R"("x")"}, {R"("y")", "x"});
    row("const null", R"({"const": null})", {"null"}, {"1"});
    row("object", R"({"type": "object"})", {"{}", R"({"a": 1, "b": "c"})", "{\n  \"a\": 1\n}"},
        {"[]", "{1: 2}", R"({"a": 1,})"});
    row("required", R"({"type": "object", "properties": {"a": {"type": "integer"},
                           "b": {"type": "string"}}, "required": ["a", "b"]})",
        {R"({"a":1,"b":"x"})", R"({"a": 1, "b": "x"})", "{ \"a\": 1,\n \"b\": \"x\"\n}"},
        {"{}", R"({"a":1})", R"({"b":"x","a":1})", R"({"a":"1","b":"x"})",
         R"({"a":1,"b":"x","c":1})", R"({"a":1,,"b":"x"})"});
    row("optional", R"({"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}}})",
        {"{}", R"({"a":1})", R"({"b":2})", R"({"c":3})", R"({"a":1,"b":2})", R"({"a":1,"c":3})",
         R"({"b":2,"c":3})", R"({"a":1,"b":2,"c":3})"},
        {R"({"a":1,})", R"({,"b":2})", R"({"b":2,"a":1})", R"({"a":1 "b":2})", R"({"a":2})"});
    row("some required",
        R"({"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}},
                                "required": ["b"]})",
        {R"({"b":2})", R"({"a":1,"b":2})", R"({"b":2,"c":3})", R"({"a":1,"b":2,"c":3})"},
        {"{}", R"({"a":1})", R"({"a":1,"c":3})"});
    row("required and not listed", R"({"required": ["x"]})", {R"({"x":[1]})"},
        {"{}", R"({"y":1})"});
    row("others", R"({"properties": {"ab": {"const": 1}},
                         "additionalProperties": {"type": "boolean"}})",
        {"{}", R"({"ab":1})", R"({"ab":1,"x":true})", R"({"a":true})", R"({"abc":false,"b":true})",
         R"({"":true})", R"({"é":true})"},
        {R"({"ab":true})", R"({"x":1})", R"({"x":true,"ab":1})", R"({"\u0061b":true})"});
    row("others beside none", R"({"type": "object", "additionalProperties": {"type": "null"}})",
        {"{}", R"({"a":null,"b":null})"}, {R"({"a":1})"});
    row("no others", R"({"type": "object", "additionalProperties": false})", {"{}"},
        {R"({"a":1})"});
    row("names that need escapes", R"({"properties": {"a\"\\": {"const": 1}}})", {R"({"a\"\\":1})"},
        {R"({"a":1})"});
    row("forbidden property", R"({"properties": {"a": false, "b": {"const": 1}}})",
        {"{}", R"({"b":1})"}, {R"({"a":1})"});
    row("array", R"({"type": "array"})", {"[]", "[1, \"a\", []]", "[\n  1\n]"}, {"{}", "[1,]"});
    row("items", R"({"items": {"type": "integer"}})", {"[]", "[1]", "[1,2, 3]"},
        {"[\"a\"]", "[1,]"});
    row("minItems", R"({"items": {"const": 1}, "minItems": 2})", {"[1,1]", "[1,1,1]"},
        {"[]", "[1]"});
    row("maxItems", R"({"items": {"const": 1}, "maxItems": 2})", {"[]", "[1]", "[1,1]"},
        {"[1,1,1]"});
    row("one item", R"({"items": {"const": 1}, "minItems": 1, "maxItems": 1})", {"[1]"},
        {"[]", "[1,1]"});
    row("no items", R"({"type": "array", "maxItems": 0})", {"[]"}, {"[1]"});
    row("prefixItems", R"({"prefixItems": [{"const": 1}, {"const": 2}], "items": {"const": 3}})",
        {"[]", "[1]", "[1,2]", "[1,2,3]", "[1,2,3,3]"}, {"[2]", "[1,3]", "[1,2,1]"});
    row("prefixItems alone", R"({"prefixItems": [{"const": 1}], "items": false, "minItems": 1})",
        {"[1]"}, {"[]", "[1,1]"});
    row("prefixItems with bounds",
        R"({"prefixItems": [{"const": 1}, {"const": 2}], "items": {"const": 3},
               "minItems": 1, "maxItems": 3})",
        {"[1]", "[1,2]", "[1,2,3]"}, {"[]", "[1,2,3,3]"});
    row("items as a list", R"({"items": [{"const": 1}], "maxItems": 1})", {"[]", "[1]"}, {"[2]"});
    row("maxItems below prefixItems",
        R"({"prefixItems": [{"const": 1}, {"const": 2}], "maxItems": 1})", {"[]", "[1]"},
        {"[1,2]"});
    row("minLength", R"({"type": "string", "minLength": 2})", {R"("ab")", R"("日😀x")"},
        {R"("a")", R"("日")"});
    row("maxLength", R"({"type": "string", "maxLength": 2})", {R"("")", R"("日😀")", R"("\n\"")"},
        {R"("abc")"});
    row("length", R"({"type": "string", "minLength": 1, "maxLength": 3})", {R"("a")", R"("abc")"},
        {R"("")", R"("abcd")"});
    row("pattern", R"({"pattern": "^[A-Z]{2}-\\d+$"})", {R"("AB-1")", R"("XY-123")"},
        {R"("A-1")", R"("AB-")", R"("xAB-1")", R"("AB-1x")"});
    row("pattern anywhere", R"({"pattern": "b+"})", {R"("b")", R"("abbc")"}, {R"("")", R"("ac")"});
    row("pattern alternatives", R"({"pattern": "^a|b$"})",
        {R"("a")", R"("ax")", R"("b")", R"("xb")"}, {R"("xa")", R"("bx")", R"("")"});
    row("pattern groups", R"({"pattern": "^(?:ab|(c))*?(?<n>d)$"})", {R"("d")", R"("abcd")"},
        {R"("ab")"});
    row("pattern classes", R"({"pattern": "^[^a-c\\d]\\w\\s\\S[\\w.-]$"})",
        {R"("x_ -.")", R"("é1\tx-")"}, {R"("a_ --")", R"("1_ --")", R"("x- --")"});
    row("pattern of quotes", R"({"pattern": "^[\"\\\\]\\\\\"\\x41\\u00e9\\.$"})",
        {R"("\"\\\"Aé.")"}, {R"(""\"A")"});
    row("pattern dot", R"({"pattern": "^.{2}$"})", {R"("ab")", R"("日😀")", R"("\t\"")"},
        {R"("a")", R"("\na")"});
    row("minimum", R"({"type": "integer", "minimum": 5})", {"5", "9", "10", "123"},
        {"4", "0", "-5"});
    row("maximum", R"({"type": "integer", "maximum": 5})", {"5", "0", "-1", "-100"}, {"6", "10"});
    row("range", R"({"type": "integer", "minimum": 8, "maximum": 123})",
        {"8", "9", "10", "99", "100", "119", "120", "123"},
        {"7", "124", "130", "200", "1000", "08"});
    row("range over zero", R"({"type": "integer", "minimum": -12, "maximum": 3})",
        {"-12", "-9", "-1", "0", "3"}, {"-13", "-20", "4", "-0"});
    row("negative range", R"({"type": "integer", "minimum": -120, "maximum": -15})",
        {"-15", "-99", "-120"}, {"-14", "-121", "15", "0"});
    row("exclusive", R"({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 4})",
        {"2", "3"}, {"1", "4"});
    row("exclusive of draft 4",
        R"({"type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 3})", {"2", "3"},
        {"1"});
    row("bounds between integers", R"({"type": "integer", "minimum": 0.5, "maximum": 2.5})",
        {"1", "2"}, {"0", "3"});
    row("one integer", R"({"type": "integer", "minimum": 7, "maximum": 7})", {"7"}, {"6", "8"});
    row("date", R"({"type": "string", "format": "date"})",
        {R"("2026-02-28")", R"("2024-02-29")", R"("2000-02-29")", R"("1999-12-31")",
         R"("2026-11-30")"},
        {R"("2026-02-29")", R"("1900-02-29")", R"("2026-13-01")", R"("2026-11-31")",
         R"("2026-1-1")", R"("2026-00-10")", R"("2026-01-32")"});
    row("time", R"({"format": "time"})",
        {R"("00:00:00Z")", R"("23:59:59.123+05:30")", R"("12:30:00-08:00")"},
        {R"("24:00:00Z")", R"("12:60:00Z")", R"("12:00Z")", R"("12:00:00")"});
    row("date-time", R"({"format": "date-time"})", {R"("2026-02-28T12:00:00Z")"},
        {R"("2026-02-28 12:00:00Z")", R"("2026-02-28")"});
    row("uuid", R"({"format": "uuid"})", {R"("01234567-89ab-cdef-0123-456789ABCDEF")"},
        {R"("0123456789abcdef0123456789abcdef")", R"("01234567-89ab-cdef-0123-456789ABCDEG")"});
    row("anyOf", R"({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]})",
        {"1", R"("a")"}, {R"("ab")", "null"});
    row("anyOf beside others", R"({"type": "object", "properties": {"a": {"const": 1}},
                "required": ["a"], "anyOf": [{"properties": {"b": {"const": 2}}, "required": ["b"]},
                                             {"properties": {"c": {"const": 3}}, "required": ["c"]}]})",
        {R"({"a":1,"b":2})", R"({"a":1,"c":3})"}, {R"({"a":1})", R"({"b":2})"});
    row("oneOf by type", R"({"oneOf": [{"type": "integer"}, {"type": "null"}]})", {"1", "null"},
        {"true"});
    row("oneOf by a property",
        R"({"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}, "n": {"type": "integer"}},
                           "required": ["k", "n"]},
                          {"type": "object", "properties": {"k": {"enum": ["b", "c"]}},
                           "required": ["k"]}]})",
        {R"({"k":"a","n":1})", R"({"k":"b"})"}, {R"({"k":"a"})", R"({"k":"d"})"});
    row("allOf",
        R"({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                                   {"properties": {"b": {"const": 2}}, "required": ["b"]}]})",
        {R"({"a":1,"b":2})"}, {R"({"a":1})", R"({"b":2})"});
    row("allOf of numbers",
        R"({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 3}, {"minimum": 5, "maximum": 9}]})",
        {"5", "9"}, {"4", "10", "5.5"});
    row("allOf of one property",
        R"({"allOf": [{"properties": {"a": {"type": "integer", "minimum": 2}}},
                {"type": "object", "properties": {"a": {"maximum": 3}}, "required": ["a"]}]})",
        {R"({"a":2})", R"({"a":3})"}, {R"({"a":1})", R"({"a":4})", "{}"});
    row("allOf that forbids others",
        R"({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "additionalProperties": false},
                          {"properties": {"b": {"const": 2}}}]})",
        {"{}", R"({"a":1})"}, {R"({"b":2})", R"({"a":1,"b":2})"});
    row("allOf of enums", R"({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}, {"const": 3}]})",
        {"3"}, {"2", "4"});
    row("$ref", R"({"$ref": "#/$defs/p", "$defs": {"p": {"type": "integer"}}})", {"1"}, {"\"a\""});
    row("$ref beside others",
        R"({"$ref": "#/definitions/p", "minimum": 3, "definitions": {"p": {"type": "integer"}}})",
        {"3"}, {"2"});
    row("$ref with escapes", R"({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}})",
        {"1"}, {"2"});
    row("recursive", R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object",
                "properties": {"v": {"type": "integer"}, "c": {"type": "array", "items":
                {"$ref": "#/$defs/tree"}}}, "required": ["v"]}}})",
        {R"({"v":1})", R"({"v":1,"c":[{"v":2,"c":[]},{"v":3}]})"},
        {R"({"c":[]})", R"({"v":1,"c":[1]})"});
    row("recursive root", R"({"type": "array", "items": {"$ref": "#"}})", {"[]", "[[],[[]]]"},
        {"[1]"});
    row("annotations",
        R"({"$schema": "x", "$id": "y", "title": "t", "description": "d", "default": 1,
                              "examples": [1], "x-own": {}, "type": "integer", "deprecated": true})",
        {"1"}, {"\"a\""});
    row("keywords that say nothing", R"({"type": "array", "uniqueItems": false, "minContains": 0})",
        {"[1,1]"}, {"1"});
    row("keywords of other types", R"({"type": "integer", "maxLength": 3, "required": ["a"]})",
        {"12345"}, {"\"abc\""});
    return cases;
}

std::vector<RefusedForm> refusedSchemas()
{
    std::vector<RefusedForm> cases;
    const auto row = [&](const char *name, const char *form, const char *says) {
        cases.push_back({name, QString::fromUtf8(form), QString::fromUtf8(says)});
    };
    row("no JSON", "{", "no JSON");
    row("number", "1", "no schema");
    row("false", "false", "allows nothing");
    row("not", R"({"not": {}})", "'not'");
    row("if", R"({"if": {}, "then": {}})", "'if'");
    row("patternProperties", R"({"properties": {"a": {"patternProperties": {}}}})",
        "'patternProperties', which is not supported, at #/properties/a");
    row("uniqueItems", R"({"items": {"uniqueItems": true}})", "'uniqueItems'");
    row("multipleOf", R"({"type": "integer", "multipleOf": 3})", "'multipleOf'");
    row("contains", R"({"contains": {}})", "'contains'");
    row("minProperties", R"({"minProperties": 1})", "'minProperties'");
    row("unknown keyword", R"({"type": "string", "maxlength": 3})", "'maxlength'");
    row("unknown type", R"({"type": "text"})", "unknown type 'text'");
    row("no type", R"({"type": []})", "allows no type");
    row("number range", R"({"type": "number", "minimum": 0})", "need not be an integer");
    row("empty range", R"({"type": "integer", "minimum": 3, "maximum": 2})", "allows no number");
    row("bound of text", R"({"type": "integer", "minimum": "3"})", "'minimum' that is no number");
    row("format", R"({"format": "email"})", "format 'email'");
    row("format and length", R"({"format": "date", "minLength": 3})", "together with");
    row("pattern and length", R"({"pattern": "a", "maxLength": 3})", "together with");
    row("look-ahead", R"({"pattern": "(?=a)b"})", "look-around");
    row("look-behind", R"({"pattern": "(?<!a)b"})", "look-around");
    row("back reference", R"({"pattern": "(a)\\1"})", "a back reference");
    row("word boundary", R"({"pattern": "\\bword"})", "word boundary");
    row("property", R"({"pattern": "\\p{L}"})", "Unicode property");
    row("anchor inside", R"({"pattern": "a^b"})", "'^' or '$' inside");
    row("anchor in a group", R"-({"pattern": "(^a)"})-", "'^' or '$' inside");
    row("open group", R"({"pattern": "(a"})", "a group that does not end");
    row("open class", R"({"pattern": "[a"})", "a class that does not end");
    row("empty class", R"({"pattern": "[]"})", "matches nothing");
    row("too many brackets", R"-({"pattern": "a)"})-", "a ')' too many");
    row("lone star", R"({"pattern": "*a"})", "repeats nothing");
    row("bad range", R"({"pattern": "[z-a]"})", "a range that is none");
    row("bad bounds", R"({"pattern": "a{3,2}"})", "out of order");
    row("surrogate", R"({"pattern": "\\ud83d"})", "surrogate");
    row("end", R"({"pattern": "a\\"})", "ends with a backslash");
    row("long pattern", R"({"pattern": "a{99999}"})", "repeats too often");
    row("pattern's place", R"({"properties": {"a": {"pattern": "("}}})", "at #/properties/a");
    row("ref elsewhere", R"({"$ref": "https://example.org/x"})", "$ref to elsewhere");
    row("ref to nothing", R"({"$ref": "#/$defs/x"})", "refers to '#/$defs/x'");
    row("ref to itself", R"({"$ref": "#"})", "refers to itself without end");
    row("ref in a circle",
        R"({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}})",
        "refers to itself without end");
    row("merge in a circle",
        R"({"$ref": "#/$defs/a", "minimum": 1, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}})",
        "refers to itself without end");
    row("oneOf that overlaps", R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})",
        "not plainly apart");
    row("oneOf of equal numbers", R"({"oneOf": [{"type": "integer"}, {"enum": [1.0, "a"]}]})",
        "not plainly apart");
    row("oneOf without types", R"({"oneOf": [{"minLength": 1}, {"maxLength": 3}]})",
        "not plainly apart");
    row("allOf of two patterns", R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}]})",
        "'pattern' is asked for in two ways");
    row("allOf of no type", R"({"allOf": [{"type": "string"}, {"type": "null"}]})",
        "allows no type");
    row("enum of nothing", R"({"enum": []})", "allows nothing");
    row("enum beside a bound", R"({"enum": ["a"], "maxLength": 3})", "'maxLength' beside an enum");
    row("enum of no list", R"({"enum": 3})", "enum that is no list");
    row("required of no list", R"({"required": "a"})", "'required' that is no list");
    row("required of numbers", R"({"required": [1]})", "requires something that is no name");
    row("required and forbidden", R"({"required": ["a"], "additionalProperties": false})",
        "requires 'a' and does not allow it");
    row("required and false", R"({"properties": {"a": false}, "required": ["a"]})",
        "allows nothing");
    row("properties of a list", R"({"properties": []})", "properties that are no object");
    row("a property that is none", R"({"properties": {"a": 3}})", "no schema at #/properties/a");
    row("counts", R"({"type": "string", "minLength": -1})", "'minLength' that is no count");
    row("counts in order", R"({"type": "string", "minLength": 3, "maxLength": 2})", "longer text");
    row("items in order", R"({"type": "array", "minItems": 3, "maxItems": 2})", "more items");
    row("more than there are", R"({"prefixItems": [{}], "items": false, "minItems": 2})",
        "more items");
    row("huge", R"({"type": "string", "minLength": 100000000})", "too large");
    row("large", R"({"type": "string", "maxLength": 131072})", "too large");
    return cases;
}

} // namespace alcove::test
