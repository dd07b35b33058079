// Buffer: an array of numbers, zeroed, on a 64-byte boundary, that does not grow. Move-only.
// Throws std::bad_alloc; the executors turn that into an error value at their border.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

namespace alcove::cpu {

template <typename T>
class Buffer
{
public:
    Buffer() = default;
    // calloc leaves a large block's pages untouched, so a long context costs memory only as it
    // fills.
    explicit Buffer(std::size_t count) : m_count(count)
    {
        if (count > (std::numeric_limits<std::size_t>::max() - kAlignment) / sizeof(T))
            throw std::bad_alloc();
        m_block.reset(std::calloc(count * sizeof(T) + kAlignment, 1));
        if (!m_block)
            throw std::bad_alloc();
        const auto address = reinterpret_cast<std::uintptr_t>(m_block.get());
        m_data = reinterpret_cast<T *>((address + kAlignment - 1) / kAlignment * kAlignment);
    }
    Buffer(Buffer &&other) noexcept = default;
    Buffer &operator=(Buffer &&other) noexcept = default;

    T *data() { return m_data; }
    const T *data() const { return m_data; }
    std::size_t size() const { return m_count; }
    std::size_t bytes() const { return m_count * sizeof(T); }

private:
    static constexpr std::size_t kAlignment = 64;
    struct Free {
        void operator()(void *block) const { std::free(block); }
    };

    std::unique_ptr<void, Free> m_block;
    T *m_data = nullptr;
    std::size_t m_count = 0;
};

} // namespace alcove::cpu
