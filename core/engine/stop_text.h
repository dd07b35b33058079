// StopText: watches a stream of text for an ender that the vocabulary has no token for.
// Holds back what may be the beginning of it. One stream, one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace alcove::engine {

class StopText
{
public:
    explicit StopText(std::string ender) : m_ender(std::move(ender)) { }

    // The text that is certain not to belong to the ender. Everything is, when there is no ender.
    std::string append(std::string_view piece)
    {
        if (m_found)
            return {};
        m_held += piece;
        if (m_ender.empty())
            return std::exchange(m_held, {});
        const std::size_t at = m_held.find(m_ender);
        if (at != std::string::npos) {
            m_found = true;
            m_held.resize(at);
            return std::exchange(m_held, {});
        }
        std::size_t keep = m_held.size() < m_ender.size() ? m_held.size() : m_ender.size() - 1;
        while (m_held.compare(m_held.size() - keep, keep, m_ender, 0, keep) != 0)
            --keep; // ends at 0: the empty suffix always matches
        std::string certain = m_held.substr(0, m_held.size() - keep);
        m_held.erase(0, m_held.size() - keep);
        return certain;
    }

    std::string finish() { return m_found ? std::string() : std::exchange(m_held, {}); }
    bool found() const { return m_found; }

private:
    std::string m_ender;
    std::string m_held;
    bool m_found = false;
};

} // namespace alcove::engine
