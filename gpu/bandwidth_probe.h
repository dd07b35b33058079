// What a device can do at best: the bandwidth of a plain copy and the price of a stage. The figures
// that a decode step is measured against. One thread; takes a second or two.
#pragma once

#include "core/base/result.h"
#include "gpu/device_info.h"

namespace alcove::gpu {

struct BandwidthFigures {
    double copyGigabytesPerSecond = 0; // read and written bytes together, in 10^9
    double stageMicroseconds = 0; // of an empty kernel behind a barrier
};

Result<BandwidthFigures> probeBandwidth(const DeviceInfo &device);

} // namespace alcove::gpu
