#include "form_cases.h"

namespace alcove::test {

std::vector<FormCase> grammarCases()
{
    std::vector<FormCase> cases;
    const auto row = [&](const char *name, const char *form, const QStringList &good,
                         const QStringList &bad) {
        cases.push_back({name, QString::fromUtf8(form), good, bad});
    };
    row("literal", R"(root ::= "ab")", {"ab"}, {"", "a", "abc", "b", "AB"});
    row("empty", R"(root ::= "")", {""}, {"a"});
    row("nothing", "root ::=", {""}, {"a"});
    row("sequence", R"(root ::= "a" "b" "c")", {"abc"}, {"ab", "ac", "a b c"});
    row("choice", R"(root ::= "a" | "bc" | "")", {"a", "bc", ""}, {"b", "abc"});
    row("choice with an empty part", R"(root ::= "a" | )", {"a", ""}, {"b"});
    row("choice on the next line", "root ::= \"a\"\n  | \"b\" |\n \"c\"\n", {"a", "b", "c"}, {""});
    row("rules", "root ::= x y x\nx ::= \"1\" | \"2\"\ny ::= \"-\"", {"1-2", "2-2"},
        {"12", "1-", "1--1"});
    row("rule used before", "y ::= \"-\"\nroot ::= y y", {"--"}, {"-"});
    row("names", "root ::= a-1_b A9\na-1_b ::= \"x\"\nA9 ::= \"y\"", {"xy"}, {"x"});
    row("class", "root ::= [a-cx]", {"a", "b", "c", "x"}, {"d", "", "ab", "-"});
    row("class with minus", "root ::= [a-]", {"a", "-"}, {"b"});
    row("class with escapes", R"(root ::= [\]\[\\\"\n\t\r\x41-\x43])",
        {"]", "[", "\\", "\"", "\n", "\t", "\r", "A", "B", "C"}, {"D", "x"});
    row("negated class", "root ::= [^a-c\\n]", {"d", "é", "日", "😀", "\t"},
        {"a", "b", "\n", "", "dd"});
    row("class beyond Latin", "root ::= [α-ω日]+", {"αβγω", "日", "日α"}, {"Α", "曰", "a"});
    row("class across lengths", "root ::= [a-\\U0001F600]",
        {"a", "z", "é", "日", "\xf0\x9f\x98\x80"}, {"A", "\xf0\x9f\x98\x81"});
    row("any", "root ::= . .", {"ab", "é日", "😀\n"}, {"a", "abc"});
    row("escapes", R"(root ::= "\x41\u00e9\U0001F600\"\\\n")", {"Aé😀\"\\\n"}, {"A"});
    row("UTF-8 literal", "root ::= \"é日😀\"", {"é日😀"}, {"é日", "e日😀"});
    row("optional", R"(root ::= "a"? "b")", {"b", "ab"}, {"a", "aab"});
    row("star", R"(root ::= "ab"*)", {"", "ab", "abab"}, {"a", "aba"});
    row("plus", R"(root ::= [0-9]+ "x")", {"1x", "123x"}, {"x", "1"});
    row("exactly", R"(root ::= "a"{3})", {"aaa"}, {"aa", "aaaa"});
    row("at least", R"(root ::= "a"{2,})", {"aa", "aaaaa"}, {"a", ""});
    row("between", R"(root ::= "a"{1,3})", {"a", "aa", "aaa"}, {"", "aaaa"});
    row("up to", R"(root ::= "a"{0,2} "b")", {"b", "ab", "aab"}, {"aaab"});
    row("never", R"(root ::= "a"{0} "b")", {"b"}, {"ab"});
    row("spaced bounds", R"(root ::= "a"{ 1 , 2 })", {"a", "aa"}, {"", "aaa"});
    row("group", R"(root ::= ("a" | "b")+ "c")", {"ac", "babc"}, {"c", "ab"});
    row("group over lines", "root ::= (\n  \"a\" # first\n  | \"b\"\n)", {"a", "b"}, {""});
    row("repeated group", R"(root ::= ("a" "b"?){2})", {"aa", "aba", "abab"}, {"a", "abb"});
    row("postfix of a postfix", R"(root ::= "a"{2}? "b")", {"b", "aab"}, {"ab", "aaaab"});
    row("empty loop", R"(root ::= ("a"? | "")* "b")", {"b", "aab"}, {"a"});
    row("comments", "# one\nroot ::= \"a\" # two\n# three\n", {"a"}, {""});
    row("windows lines", "root ::= x\r\nx ::= \"a\"\r\n", {"a"}, {"", "a\r"});
    row("recursion", "root ::= \"(\" root \")\" | \"\"", {"", "()", "((()))"}, {"(", "())", "(()"});
    row("right recursion", "root ::= \"a\" root | \"b\"", {"b", "aaab"}, {"a", "ba"});
    row("mutual recursion", "root ::= x\nx ::= \"a\" y | \"!\"\ny ::= \"b\" x",
        {"!", "ab!", "abab!"}, {"a!", "ab"});
    row("ambiguous", "root ::= (\"a\" | \"aa\" | \"a\" \"a\")* \"b\"", {"b", "aaaaab"}, {"a"});
    return cases;
}

} // namespace alcove::test
