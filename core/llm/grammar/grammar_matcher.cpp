#include "core/llm/grammar/grammar_matcher.h"

#include <algorithm>
#include <tuple>

namespace alcove::llm {

bool GrammarMatcher::Place::operator<(const Place &o) const
{
    return std::tie(bytes, node, frame) < std::tie(o.bytes, o.node, o.frame);
}

GrammarMatcher::GrammarMatcher(std::shared_ptr<const Grammar> grammar)
    : m_grammar(std::move(grammar))
{
    reset();
}

void GrammarMatcher::reset()
{
    m_states.clear();
    m_stateIndex.clear();
    m_frames.assign(1, Frame{});
    m_frameIndex.clear();
    m_placesInAll = 0;
    m_steps = 0;
    m_states.emplace_back(); // kDead
    m_rows.clear();
    m_rows.push_back(std::make_unique<Row>());
    m_rows[kDead]->fill(kDead);
    beginPlaces();
    addNode(m_grammar->root(), 0);
    m_start = intern();
}

GrammarMatcher::State GrammarMatcher::next(State state, std::string_view text)
{
    for (const char c : text)
        state = next(state, static_cast<std::uint8_t>(c));
    return state;
}

const GrammarMatcher::Row &GrammarMatcher::expand(State state)
{
    const std::vector<ByteState> &bytes = m_grammar->byteStates();
    const std::vector<Place> places = m_states[state].places; // m_states grows below
    auto row = std::make_unique<Row>();
    // Bytes that lead every place to the same have the same state behind them; few differ.
    std::vector<std::vector<std::uint32_t>> kinds;
    std::vector<State> kindStates;
    std::vector<std::uint32_t> leads(places.size());
    std::size_t kind = 0;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        countSteps(places.size() / 16); // far less work than a node
        for (std::size_t i = 0; i < places.size(); ++i)
            leads[i] = bytes[places[i].bytes][byte];
        if (kind == kinds.size() || kinds[kind] != leads)
            kind = std::size_t(std::find(kinds.begin(), kinds.end(), leads) - kinds.begin());
        if (kind == kinds.size()) {
            kinds.push_back(leads);
            beginPlaces();
            for (std::size_t i = 0; i < places.size(); ++i) {
                if (leads[i] == kCharacterDone)
                    addNode(places[i].node, places[i].frame);
                else if (leads[i] != kByteFails)
                    m_places.push_back({leads[i], places[i].node, places[i].frame});
            }
            kindStates.push_back(intern());
        }
        (*row)[byte] = kindStates[kind];
    }
    m_rows[state] = std::move(row);
    return *m_rows[state];
}

void GrammarMatcher::beginPlaces()
{
    m_places.clear();
    m_canEnd = false;
    m_tooMany = m_steps > kMaxSteps;
    m_seen.clear();
}

void GrammarMatcher::countSteps(std::size_t count)
{
    m_steps += count;
    m_tooMany = m_tooMany || m_steps > kMaxSteps;
}

bool GrammarMatcher::isLarge() const
{
    // What is nested deeply stays so when it is trimmed; doing that again and again would not help.
    return m_states.size() > kMaxStates / 8 || m_placesInAll > kMaxPlacesInAll / 8
        || m_steps > kMaxSteps / 8 || m_frames.size() > std::max(kMaxFrames / 8, 2 * m_framesKept);
}

// Adds the places at which the text goes on from `node`.
void GrammarMatcher::addNode(std::uint32_t node, std::uint32_t frame)
{
    const std::vector<GrammarNode> &nodes = m_grammar->nodes();
    m_work.assign(1, {node, frame});
    while (!m_work.empty() && !m_tooMany) {
        const auto [at, within] = m_work.back();
        m_work.pop_back();
        countSteps(1);
        const GrammarNode &one = nodes[at];
        if (one.kind != GrammarNode::Kind::Character
            && !m_seen.insert(std::uint64_t(at) << 32 | within).second)
            continue; // a loop without a character, or another way to the same place
        switch (one.kind) {
        case GrammarNode::Kind::Character:
            m_places.push_back({one.value, one.next, within});
            break;
        case GrammarNode::Kind::Split:
            m_work.emplace_back(one.value, within);
            m_work.emplace_back(one.next, within);
            break;
        case GrammarNode::Kind::Call: {
            // What ends its rule with the call has nothing to come back for.
            const bool last = nodes[one.next].kind == GrammarNode::Kind::Return;
            m_work.emplace_back(one.value, last ? within : frameOf(one.next, within));
            break;
        }
        case GrammarNode::Kind::Return:
            if (within == 0)
                m_canEnd = true;
            else
                m_work.emplace_back(m_frames[within].node, m_frames[within].parent);
            break;
        }
        m_tooMany =
            m_tooMany || m_places.size() > 4 * kMaxPlaces || m_seen.size() > 16 * kMaxPlaces;
    }
}

std::uint32_t GrammarMatcher::frameOf(std::uint32_t node, std::uint32_t parent)
{
    const auto [entry, isNew] =
        m_frameIndex.emplace(std::uint64_t(node) << 32 | parent, std::uint32_t(m_frames.size()));
    if (isNew) {
        m_frames.push_back({node, parent});
        m_tooMany = m_tooMany || m_frames.size() > kMaxFrames;
    }
    return entry->second;
}

GrammarMatcher::State GrammarMatcher::intern()
{
    std::sort(m_places.begin(), m_places.end());
    m_places.erase(std::unique(m_places.begin(), m_places.end()), m_places.end());
    if (m_places.size() > kMaxPlaces || m_placesInAll + m_places.size() > kMaxPlacesInAll)
        m_tooMany = true;
    m_gaveUp = m_gaveUp || m_tooMany;
    if (m_tooMany || (m_places.empty() && !m_canEnd))
        return kDead;
    std::size_t hash = m_canEnd ? 1 : 0;
    for (const Place &place : m_places) {
        for (const std::uint32_t part : {place.bytes, place.node, place.frame})
            hash = (hash ^ part) * std::size_t(0x100000001b3ull); // as in FNV-1a
    }
    const auto [begin, end] = m_stateIndex.equal_range(hash);
    for (auto one = begin; one != end; ++one) {
        const StateData &known = m_states[one->second];
        if (known.canEnd == m_canEnd && known.places == m_places)
            return one->second;
    }
    if (m_states.size() >= kMaxStates) {
        m_gaveUp = true;
        return kDead;
    }
    const State state = State(m_states.size());
    m_placesInAll += m_places.size();
    m_stateIndex.emplace(hash, state);
    m_rows.emplace_back();
    m_states.emplace_back();
    m_states.back().places = m_places;
    m_states.back().canEnd = m_canEnd;
    return state;
}

GrammarMatcher::State GrammarMatcher::trim(State state)
{
    const std::vector<Place> places = m_states[state].places;
    const bool canEnd = m_states[state].canEnd;
    const std::vector<Frame> frames = m_frames;
    reset();
    beginPlaces();
    m_canEnd = canEnd;
    std::unordered_map<std::uint32_t, std::uint32_t> moved = {{0, 0}}; // frames: old and new
    std::vector<std::uint32_t> path; // innermost first
    for (Place place : places) {
        path.clear();
        std::uint32_t frame = place.frame;
        for (; moved.count(frame) == 0; frame = frames[frame].parent)
            path.push_back(frame);
        std::uint32_t parent = moved[frame];
        for (auto one = path.rbegin(); one != path.rend(); ++one) {
            parent = frameOf(frames[*one].node, parent);
            moved[*one] = parent;
        }
        place.frame = parent;
        m_places.push_back(place);
    }
    m_framesKept = m_frames.size();
    return intern();
}

} // namespace alcove::llm
