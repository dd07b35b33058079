// Matrix products by families of formats: each family has a source of its own, compiled for every
// target, so that no single source takes long to compile. Read once for every target.

#if defined(ALCOVE_CPU_SIMD_PRODUCTS_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_PRODUCTS_H
#undef ALCOVE_CPU_SIMD_PRODUCTS_H
#else
#define ALCOVE_CPU_SIMD_PRODUCTS_H
#endif

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {

using Product = void (*)(const std::uint8_t *weights, std::size_t firstRow, std::size_t lastRow,
                         const Activations &x, float *out, std::size_t outStride,
                         KernelScratch &scratch);

// nullptr for a format of another family.
Product productOfBlocks32(llm::TensorType type);
Product productOfK(llm::TensorType type);
Product productOfIq(llm::TensorType type);

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
