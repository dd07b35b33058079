// Two small open-addressing hash tables, for what tokenizers look up millions of times: a token by
// its spelling, and a number by a pair of numbers.
//
// Both are filled once and then only read (any thread). They are filled from files, so the hash is
// seeded at random: a file cannot be made to collide. Nothing here fails but for want of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <random>
#include <string_view>
#include <vector>

namespace alcove::llm {

inline constexpr std::uint32_t kNotFound = 0xFFFFFFFFu;

namespace hash {

// The finaliser of SplitMix64 (Steele, Lea, Flood; OOPSLA'14).
inline std::uint64_t mix(std::uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

inline std::uint64_t randomSeed()
{
    try {
        std::random_device device;
        return (std::uint64_t(device()) << 32) | device();
    } catch (const std::exception &) {
        return 0x9E3779B97F4A7C15u; // a system without a source of randomness: slower at worst
    }
}

inline std::uint64_t ofText(std::string_view text, std::uint64_t seed)
{
    std::uint64_t h = seed ^ (text.size() * 0x9E3779B97F4A7C15u);
    while (text.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), 8);
        h = mix(h ^ word);
        text.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    return mix(h ^ rest);
}

inline std::size_t capacityFor(std::size_t entries)
{
    std::size_t capacity = 16;
    while (capacity < entries * 2)
        capacity *= 2;
    return capacity;
}

} // namespace hash

// Spelling -> number. The text itself stays with the owner: `textOf(number)` gives it.
class SpellingIndex
{
public:
    SpellingIndex() { reserve(0); }

    // Room for `entries`; more than that is not looked after. Forgets what was there.
    void reserve(std::size_t entries) { m_slots.assign(hash::capacityFor(entries), kNotFound); }

    template <typename TextOf>
    std::uint32_t find(std::string_view text, const TextOf &textOf) const
    {
        return m_slots[slotOf(text, textOf)];
    }

    // A number inserted later takes the place of an earlier one with the same text.
    template <typename TextOf>
    void insert(std::string_view text, std::uint32_t number, const TextOf &textOf)
    {
        m_slots[slotOf(text, textOf)] = number;
    }

private:
    template <typename TextOf>
    std::size_t slotOf(std::string_view text, const TextOf &textOf) const
    {
        const std::size_t mask = m_slots.size() - 1;
        std::size_t slot = hash::ofText(text, m_seed) & mask;
        while (m_slots[slot] != kNotFound && textOf(m_slots[slot]) != text)
            slot = (slot + 1) & mask;
        return slot;
    }

    std::uint64_t m_seed = hash::randomSeed();
    std::vector<std::uint32_t> m_slots;
};

// (left, right) -> number; the pair (kNotFound, kNotFound) cannot be a key.
class PairIndex
{
public:
    PairIndex() { reserve(0); }

    // Room for `entries`; more than that is not looked after. Forgets what was there.
    void reserve(std::size_t entries) { m_slots.assign(hash::capacityFor(entries), Slot{}); }

    std::uint32_t find(std::uint32_t left, std::uint32_t right) const
    {
        return m_slots[slotOf(keyOf(left, right))].value;
    }

    // Keeps the number that is already there.
    void insert(std::uint32_t left, std::uint32_t right, std::uint32_t value)
    {
        const std::uint64_t key = keyOf(left, right);
        Slot &slot = m_slots[slotOf(key)];
        if (slot.key == kFree)
            slot = {key, value};
    }

private:
    static constexpr std::uint64_t kFree = ~std::uint64_t(0);

    struct Slot {
        std::uint64_t key = kFree;
        std::uint32_t value = kNotFound;
    };

    static std::uint64_t keyOf(std::uint32_t left, std::uint32_t right)
    {
        return (std::uint64_t(left) << 32) | right;
    }

    std::size_t slotOf(std::uint64_t key) const
    {
        const std::size_t mask = m_slots.size() - 1;
        std::size_t slot = hash::mix(key ^ m_seed) & mask;
        while (m_slots[slot].key != kFree && m_slots[slot].key != key)
            slot = (slot + 1) & mask;
        return slot;
    }

    std::uint64_t m_seed = hash::randomSeed();
    std::vector<Slot> m_slots;
};

} // namespace alcove::llm
