// Texts on standard input, separated by NULs. Main thread; nothing fails.
#pragma once

#include <istream>
#include <iterator>
#include <string>
#include <vector>

namespace alcove::cli {

// The texts between NULs. A NUL at the very end closes the last text and begins no further one;
// no input at all is one empty text.
inline std::vector<std::string> readNulTexts(std::istream &in)
{
    const std::string input(std::istreambuf_iterator<char>(in), {});
    std::vector<std::string> texts;
    std::size_t start = 0;
    for (;;) {
        const std::size_t end = input.find('\0', start);
        if (end == std::string::npos) {
            if (start < input.size() || texts.empty())
                texts.push_back(input.substr(start));
            return texts;
        }
        texts.push_back(input.substr(start, end - start));
        start = end + 1;
    }
}

} // namespace alcove::cli
