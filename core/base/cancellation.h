// CancelToken: one shared flag by which any thread asks a running operation to stop.
// Copies share the flag. A default-constructed token can be cancelled too.
#pragma once

#include <atomic>
#include <memory>

namespace alcove {

class CancelToken
{
public:
    CancelToken() : m_flag(std::make_shared<std::atomic<bool>>(false)) { }

    void cancel() const { m_flag->store(true, std::memory_order_relaxed); }
    bool cancelled() const { return m_flag->load(std::memory_order_relaxed); }

private:
    std::shared_ptr<std::atomic<bool>> m_flag;
};

} // namespace alcove
