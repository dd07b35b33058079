// GrammarMatcher: follows a text through a grammar, byte by byte.
//
// A pushdown automaton (rules are its stack), run as a machine of states that are made when they
// are first reached: each is a set of places in the grammar with the rules to return to. A text may
// end inside a character; what is no UTF-8 leads nowhere. One thread. Where a grammar goes beyond
// the bounds below (too many ways to read a text at once, too many states, too much work for them),
// it leads nowhere and gaveUp() says so; trim() in good time keeps all but hostile grammars from
// that.
#pragma once

#include "core/llm/grammar/grammar.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace alcove::llm {

class GrammarMatcher
{
public:
    using State = std::uint32_t; // good until trim()
    static constexpr State kDead = 0;
    static constexpr std::size_t kMaxPlaces = 1024; // of one state
    static constexpr std::size_t kMaxStates = 1u << 16;
    static constexpr std::size_t kMaxFrames = 1u << 20;
    // Of all states together, until they are trimmed.
    static constexpr std::size_t kMaxPlacesInAll = 1u << 21;
    static constexpr std::size_t kMaxSteps = 1u << 24;

    explicit GrammarMatcher(std::shared_ptr<const Grammar> grammar);

    State start() const { return m_start; }
    State next(State state, std::uint8_t byte)
    {
        const Row *row = m_rows[state].get();
        return row ? (*row)[byte] : expand(state)[byte];
    }
    State next(State state, std::string_view text);

    bool canEnd(State state) const { return m_states[state].canEnd; } // the text may end here
    bool canGoOn(State state) const { return !m_states[state].places.empty(); }

    std::size_t stateCount() const { return m_states.size(); }
    // So much has been kept that trim() should forget it before more is asked for.
    bool isLarge() const;
    // A bound was met: some text led nowhere that the grammar may allow.
    bool gaveUp() const { return m_gaveUp; }
    // Forgets every state but this one and the start, which have new numbers then.
    State trim(State state);

private:
    using Row = std::array<State, 256>;

    // About to read a byte at `bytes`, then on to `node`, with the rules of `frame` to return to.
    struct Place {
        std::uint32_t bytes = 0;
        std::uint32_t node = 0;
        std::uint32_t frame = 0;

        bool operator==(const Place &o) const
        {
            return bytes == o.bytes && node == o.node && frame == o.frame;
        }
        bool operator<(const Place &o) const;
    };
    struct Frame {
        std::uint32_t node = 0; // where its rule is gone on with
        std::uint32_t parent = 0; // 0: none
    };
    struct StateData {
        std::vector<Place> places; // sorted
        bool canEnd = false;
    };

    void reset();
    const Row &expand(State state);
    void addNode(std::uint32_t node, std::uint32_t frame);
    std::uint32_t frameOf(std::uint32_t node, std::uint32_t parent);
    State intern(); // of m_places and m_canEnd
    void beginPlaces();
    void countSteps(std::size_t count);

    std::shared_ptr<const Grammar> m_grammar;
    State m_start = kDead;
    std::vector<StateData> m_states;
    std::vector<std::unique_ptr<Row>> m_rows; // of each state, once it has been asked for
    std::unordered_multimap<std::size_t, State> m_stateIndex; // by hash of the places
    std::vector<Frame> m_frames;
    std::unordered_map<std::uint64_t, std::uint32_t> m_frameIndex;
    // Of the state in the making.
    std::vector<Place> m_places;
    bool m_canEnd = false;
    bool m_tooMany = false;
    bool m_gaveUp = false;
    std::size_t m_placesInAll = 0;
    std::size_t m_steps = 0; // of work since the last trim
    std::size_t m_framesKept = 0; // by the last trim
    std::vector<std::pair<std::uint32_t, std::uint32_t>> m_work; // nodes to go through, frames
    std::unordered_set<std::uint64_t> m_seen;
};

} // namespace alcove::llm
