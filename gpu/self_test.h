// The kernels' self-test: each kernel and weight format at ragged sizes against plain arithmetic in
// double precision on the processor, over the same (dequantised) numbers.
//
// For the tests, and for a machine whose driver nobody has tried. One thread; takes seconds.
#pragma once

#include "core/base/result.h"
#include "gpu/device_info.h"

#include <string>
#include <vector>

namespace alcove::gpu {

struct KernelCheck {
    std::string kernel; // "matvec, gated"
    std::string format; // of weights or of the KV cache; "-" where there is none
    std::string sizes; // "37 x 288, 9 tokens"
    double error = 0; // largest difference, over the root mean square of the expected values
    double limit = 0;
    bool passed = false;
};

// One row for each check. An error only when the device cannot be used at all.
Result<std::vector<KernelCheck>> runSelfTest(const DeviceInfo &device);

} // namespace alcove::gpu
