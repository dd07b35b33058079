#include "core/documents/extract/rtf_tables.h"

#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace alcove::documents {

const char *rtfSymbol(std::string_view word)
{
    static const std::unordered_map<std::string_view, const char *> symbols{
        {"tab", "\t"},
        {"line", "\n"},
        {"softline", "\n"},
        {"lbr", "\n"},
        {"emdash", "\xE2\x80\x94"},
        {"endash", "\xE2\x80\x93"},
        {"bullet", "\xE2\x80\xA2"},
        {"lquote", "\xE2\x80\x98"},
        {"rquote", "\xE2\x80\x99"},
        {"ldblquote", "\xE2\x80\x9C"},
        {"rdblquote", "\xE2\x80\x9D"},
        {"emspace", " "},
        {"enspace", " "},
        {"qmspace", " "},
        {"zwj", "\xE2\x80\x8D"},
        {"zwnj", "\xE2\x80\x8C"},
        {"nestcell", " "},
    };
    const auto found = symbols.find(word);
    return found == symbols.end() ? nullptr : found->second;
}

bool isRtfAside(std::string_view word)
{
    static const std::unordered_set<std::string_view> words{
        "colortbl",
        "filetbl",
        "pict",
        "nonshppict",
        "header",
        "headerl",
        "headerr",
        "headerf",
        "footer",
        "footerl",
        "footerr",
        "footerf",
        "xe",
        "tc",
        "rxe",
        "fldinst",
        "author",
        "operator",
        "subject",
        "keywords",
        "comment",
        "doccomm",
        "company",
        "manager",
        "category",
        "hlinkbase",
        "creatim",
        "revtim",
        "printim",
        "buptim",
        "sn",
        "sv",
        "shprslt",
        "nonesttables",
        "ftnsep",
        "ftnsepc",
        "aftnsep",
        "aftnsepc",
        "objdata",
        "upr",
        "private",
        "listtable",
        "listoverridetable",
        "revtbl",
        "pnseclvl",
        "template",
        "annotation",
        "atnid",
        "atnauthor",
        "themedata",
        "datastore",
        "stylerestrictions",
    };
    return words.find(word) != words.end();
}

int rtfCodePage(int charset, int usual)
{
    static constexpr std::array<std::pair<int, int>, 17> kPages{{
        {77, 10000},
        {128, 932},
        {129, 949},
        {130, 1361},
        {134, 936},
        {136, 950},
        {161, 1253},
        {162, 1254},
        {163, 1258},
        {177, 1255},
        {178, 1256},
        {186, 1257},
        {204, 1251},
        {222, 874},
        {238, 1250},
        {254, 437},
        {255, 850},
    }};
    for (const auto &[of, page] : kPages) {
        if (of == charset)
            return page;
    }
    return usual;
}

std::string codePageName(int codePage)
{
    switch (codePage) {
    case 65001:
        return "UTF-8";
    case 10000:
        return "MACINTOSH";
    case 1361:
        return "JOHAB";
    case 936:
        return "GB18030";
    case 0:
        return "CP1252";
    default:
        return "CP" + std::to_string(codePage);
    }
}

} // namespace alcove::documents
