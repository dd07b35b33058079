// XlsxFormats: how the numbers of an Excel file are shown, as far as it changes what they say:
// dates, times, percent and money.
//
// Read once, then values only; one thread; failures are those of XmlPart.
#pragma once

#include "core/documents/extract/xml_part.h"

#include <string>
#include <vector>

namespace alcove::documents {

struct XlsxFormat {
    bool date = false;
    bool time = false;
    bool elapsed = false; // hours beyond a day: [h]:mm
    bool percent = false;
    std::string currency; // its sign
};

// A format's code: `dd.mm.yyyy`, `0.00%`, `[$€-407] #,##0`.
XlsxFormat parseXlsxFormat(QStringView code);

class XlsxFormats
{
public:
    static Result<XlsxFormats> read(Archive &archive, const std::string &part);

    // `value` as a cell of this style shows it; `from1904`: the days of the file's dates count from
    // 1904 instead of 1900.
    std::string shown(double value, std::size_t style, bool from1904) const;

private:
    std::vector<XlsxFormat> m_styles; // by the number that cells give
};

} // namespace alcove::documents
