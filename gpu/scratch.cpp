#include "gpu/scratch.h"

#include <algorithm>

namespace alcove::gpu {

ScratchId Scratch::need(std::string_view name, std::uint64_t floats)
{
    const auto found = std::find_if(m_items.begin(), m_items.end(),
                                    [&](const Item &item) { return item.name == name; });
    if (found != m_items.end()) {
        found->floats = std::max(found->floats, floats);
        return static_cast<ScratchId>(found - m_items.begin());
    }
    Item item;
    item.name = name;
    item.floats = floats;
    m_items.push_back(std::move(item));
    return static_cast<ScratchId>(m_items.size() - 1);
}

void Scratch::plan()
{
    for (Item &item : m_items)
        item.slice = m_memory->plan(item.floats * 4);
}

std::vector<SliceId> Scratch::slices() const
{
    std::vector<SliceId> slices;
    for (const Item &item : m_items)
        slices.push_back(item.slice);
    return slices;
}

} // namespace alcove::gpu
