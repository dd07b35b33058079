// StopText: watches a stream of text for texts that end it: those the user asked for, and an ender
// that the vocabulary has no token for. Holds back what may be the beginning of one, so that none
// is shown in part, however the pieces are cut. One stream, one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alcove::engine {

class StopText
{
public:
    // Empty ones are never found.
    explicit StopText(std::vector<std::string> enders) : m_enders(std::move(enders)) { }

    // The text that is certain not to belong to an ender. Everything is, when there are none.
    std::string append(std::string_view piece)
    {
        if (m_found)
            return {};
        m_held += piece;
        std::size_t first = std::string::npos;
        for (std::size_t i = 0; i < m_enders.size(); ++i) {
            if (m_enders[i].empty())
                continue;
            if (const std::size_t at = m_held.find(m_enders[i]); at < first) {
                first = at;
                m_found = i;
            }
        }
        if (m_found) {
            m_held.resize(first);
            return std::exchange(m_held, {});
        }
        std::size_t keep = 0;
        for (const std::string &ender : m_enders) {
            if (ender.empty())
                continue;
            std::size_t length = std::min(m_held.size(), ender.size() - 1);
            while (length > keep
                   && m_held.compare(m_held.size() - length, length, ender, 0, length) != 0)
                --length;
            keep = std::max(keep, length);
        }
        std::string certain = m_held.substr(0, m_held.size() - keep);
        m_held.erase(0, certain.size());
        return certain;
    }

    std::string finish() { return m_found ? std::string() : std::exchange(m_held, {}); }
    // Which of the enders has been found.
    std::optional<std::size_t> found() const { return m_found; }

private:
    std::vector<std::string> m_enders;
    std::string m_held;
    std::optional<std::size_t> m_found;
};

} // namespace alcove::engine
