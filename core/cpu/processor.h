// What the processor offers: vector instructions and cores. Stateless; any thread; cannot fail.
#pragma once

#include <cstdint>
#include <string>

namespace alcove::cpu {

struct InstructionSets {
    bool sse4 = false; // SSE4.2
    bool avx2 = false; // AVX2, FMA, F16C, BMI2, and the system saves the registers
    bool avx512Vnni = false; // AVX-512 F, VL, DQ, BW and VNNI, and the system saves the registers
};

InstructionSets instructionSets();

// Physical cores this process may run on, at least 1. A second hardware thread of a core adds
// nothing to work that waits for memory, so it is not counted where the system tells them apart.
std::uint32_t usableCores();

} // namespace alcove::cpu
