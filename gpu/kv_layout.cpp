#include "gpu/kv_layout.h"

#include "gpu/kernels.h"

namespace alcove::gpu {

namespace {

constexpr std::uint32_t kBlock = 32; // elements with one scale

bool inBlocks(llm::KvFormat format)
{
    return format == llm::KvFormat::Q8_0 || format == llm::KvFormat::Q4_0;
}

std::uint32_t numberOf(llm::KvFormat format)
{
    switch (format) {
    case llm::KvFormat::F16:
        return kv::F16;
    case llm::KvFormat::F32:
        return kv::F32;
    case llm::KvFormat::Q8_0:
        return kv::Q8_0;
    case llm::KvFormat::Q4_0:
        return kv::Q4_0;
    }
    return kv::F16;
}

} // namespace

std::uint32_t KvLayout::stride() const
{
    const std::uint32_t whole = inBlocks(keys) || inBlocks(values) ? kBlock : 8;
    return (headSize + whole - 1) / whole * whole;
}

std::uint64_t KvLayout::bytes(llm::KvFormat format) const
{
    switch (format) {
    case llm::KvFormat::F32:
        return elements() * 4;
    case llm::KvFormat::F16:
        return elements() * 2;
    case llm::KvFormat::Q8_0:
        return elements() + elements() / kBlock * 2;
    case llm::KvFormat::Q4_0:
        return elements() / 2 + elements() / kBlock * 2;
    }
    return 0;
}

std::uint64_t KvLayout::offsetOf(llm::KvFormat format, std::uint32_t count) const
{
    return std::uint64_t(count) * stride() * (format == llm::KvFormat::F32 ? 4 : 2);
}

bool KvLayout::isPlain() const
{
    return !inBlocks(keys) && !inBlocks(values);
}

void KvLayout::addTo(std::vector<Constant> &constants) const
{
    constants.push_back({kv::KeyFormat, numberOf(keys)});
    constants.push_back({kv::ValueFormat, numberOf(values)});
    constants.push_back({kv::Stride, stride()});
    constants.push_back({kv::Capacity, positions});
    constants.push_back({kv::Rows, kvHeads * positions});
    constants.push_back({kv::Ring, ring});
}

} // namespace alcove::gpu
