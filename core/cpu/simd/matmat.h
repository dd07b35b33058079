// Many tokens: 16 rows at a time are unpacked into a panel that stays in the nearest cache, rows
// side by side, and multiplied with all the tokens, so that the weights are read once for the batch
// and no sum across lanes is needed. Read once for every target.

#if defined(ALCOVE_CPU_SIMD_MATMAT_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALCOVE_CPU_SIMD_MATMAT_H
#undef ALCOVE_CPU_SIMD_MATMAT_H
#else
#define ALCOVE_CPU_SIMD_MATMAT_H
#endif

#include "core/cpu/simd/formats.h"
#include "core/cpu/simd/matvec.h"
#include "core/cpu/simd/quad_dot.h"

HWY_BEFORE_NAMESPACE();
namespace alcove::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t kChunk = KernelScratch::kChunk;
// Tokens that a pass over the panel multiplies: as many as their sums fit in registers.
inline constexpr std::size_t kTile = HWY_MAX_BYTES == 64 ? 8 : 4;

// Signed weights become unsigned by an offset where the dot product allows all of a byte.
template <class Format>
inline constexpr bool kShifted = Format::kSigned &&kDotsFullBytes;
template <class Format>
inline constexpr bool kOffsets = Format::kHasOffsets || kShifted<Format>;

// Unpacks one row's blocks of a chunk into lane `lane` of the panel:
// panel [columns / 4][16 rows][4], scales and offsets [columns / kGroup][16 rows].
template <class Format>
ALCOVE_INLINE void unpackRow(const std::uint8_t *blocks, std::size_t columns, std::size_t lane,
                             KernelScratch &scratch)
{
    constexpr std::size_t kGroups = Format::kElements / Format::kGroup;
    const hn::CappedTag<std::uint8_t, 32> d8;
    for (std::size_t b = 0; b < columns / Format::kElements; ++b) {
        const std::uint8_t *block = blocks + b * Format::kBytes;
        HWY_ALIGN float s[kGroups < 8 ? 8 : kGroups];
        HWY_ALIGN float o[kGroups < 8 ? 8 : kGroups];
        Format::scales(block, s, o);
        for (std::size_t g = 0; g < kGroups; ++g) {
            scratch.panelScales[b * kGroups + g][lane] = s[g];
            if constexpr (kShifted<Format>)
                scratch.panelOffsets[b * kGroups + g][lane] = 128 * s[g];
            else if constexpr (Format::kHasOffsets)
                scratch.panelOffsets[b * kGroups + g][lane] = o[g];
        }
        ALCOVE_UNROLL
        for (std::size_t g = 0; g < Format::kElements / 32; ++g) {
            HWY_ALIGN std::uint8_t bytes[32];
            ALCOVE_UNROLL
            for (std::size_t at = 0; at < 32; at += hn::Lanes(d8)) {
                auto q = Format::quants(d8, block, g, at);
                if constexpr (kShifted<Format>)
                    q = hn::Xor(q, hn::Set(d8, std::uint8_t{0x80}));
                hn::Store(q, d8, bytes + at);
            }
            std::uint8_t *to =
                scratch.panel + ((b * Format::kElements + 32 * g) * kRowPanel) + lane * 4;
            ALCOVE_UNROLL
            for (std::size_t k = 0; k < 8; ++k)
                std::memcpy(to + k * kRowPanel * 4, bytes + 4 * k, 4);
        }
    }
}

// What multiplying a panel has to know of its format, so that formats share the code.
template <std::size_t kGroupSize, bool kSignedBytes, bool kWithOffsets>
struct PanelKind {
    static constexpr std::size_t kGroup = kGroupSize;
    static constexpr bool kSigned = kSignedBytes;
    static constexpr bool kOffsets = kWithOffsets;
};
template <class Format>
using PanelKindOf =
    PanelKind<Format::kGroup, Format::kSigned && !kShifted<Format>, kOffsets<Format>>;

// sums[token][lane] += panel . activations, for kTokens tokens and the rows [lane, lane + lanes).
template <class Kind, std::size_t kTokens>
ALCOVE_INLINE void multiplyPanel(const KernelScratch &scratch, std::size_t columns,
                                 std::size_t lane, const Activations &x, std::size_t firstToken,
                                 std::size_t firstColumn, float (*sums)[kRowPanel])
{
    const hn::CappedTag<float, kRowPanel> df;
    const hn::RebindToSigned<decltype(df)> di;
    const hn::Repartition<std::uint8_t, decltype(df)> d8;
    const hn::RebindToSigned<decltype(d8)> ds8;
    using VI = hn::Vec<decltype(di)>;
    using VF = hn::Vec<decltype(df)>;
    constexpr std::size_t kQuads = Kind::kGroup / 4;
    constexpr std::size_t kPerScale = 32 / Kind::kGroup;
    const float *activationSums = Kind::kGroup == 16 ? x.sums16 : x.sums32;
    const std::int8_t *quants = x.quants + firstToken * x.columns + firstColumn;
    const float *scales = x.scales + (firstToken * x.columns + firstColumn) / 32;
    activationSums += (firstToken * x.columns + firstColumn) / Kind::kGroup;
    const std::size_t scaleStride = x.columns / 32;
    const std::size_t sumStride = x.columns / Kind::kGroup;
    VF total[kTokens];
    ALCOVE_UNROLL
    for (std::size_t t = 0; t < kTokens; ++t)
        total[t] = hn::Load(df, sums[t] + lane);
    const std::uint8_t *panel = scratch.panel + lane * 4;
    for (std::size_t g = 0; g < columns / Kind::kGroup; ++g) {
        VI dots[kTokens];
        ALCOVE_UNROLL
        for (std::size_t t = 0; t < kTokens; ++t)
            dots[t] = hn::Zero(di);
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < kQuads; ++k) {
            const auto w = hn::Load(d8, panel + (g * kQuads + k) * kRowPanel * 4);
            ALCOVE_UNROLL
            for (std::size_t t = 0; t < kTokens; ++t) {
                const std::uint32_t word =
                    loadWord(quants + t * x.columns + g * Kind::kGroup + 4 * k);
                const auto a = hn::BitCast(ds8, hn::Set(di, static_cast<std::int32_t>(word)));
                if constexpr (Kind::kSigned)
                    dots[t] = dotSigned(dots[t], hn::BitCast(ds8, w), a);
                else
                    dots[t] = dotUnsigned(dots[t], w, a);
            }
        }
        const auto scale = hn::Load(df, scratch.panelScales[g] + lane);
        ALCOVE_UNROLL
        for (std::size_t t = 0; t < kTokens; ++t) {
            const auto both = hn::Mul(scale, hn::Set(df, scales[t * scaleStride + g / kPerScale]));
            total[t] = hn::MulAdd(hn::ConvertTo(df, dots[t]), both, total[t]);
        }
        if constexpr (Kind::kOffsets) {
            const auto offset = hn::Load(df, scratch.panelOffsets[g] + lane);
            ALCOVE_UNROLL
            for (std::size_t t = 0; t < kTokens; ++t)
                total[t] =
                    hn::NegMulAdd(offset, hn::Set(df, activationSums[t * sumStride + g]), total[t]);
        }
    }
    ALCOVE_UNROLL
    for (std::size_t t = 0; t < kTokens; ++t)
        hn::Store(total[t], df, sums[t] + lane);
}

// sums += panel . activations, for all tokens and rows.
template <class Kind>
HWY_NOINLINE void multiplyPanels(KernelScratch &scratch, std::size_t columns, const Activations &x,
                                 std::size_t firstColumn)
{
    const hn::CappedTag<float, kRowPanel> df;
    for (std::size_t lane = 0; lane < kRowPanel; lane += hn::Lanes(df)) {
        std::size_t t = 0;
        for (; t + kTile <= x.tokens; t += kTile)
            multiplyPanel<Kind, kTile>(scratch, columns, lane, x, t, firstColumn, scratch.sums + t);
        for (; t + 2 <= x.tokens; t += 2)
            multiplyPanel<Kind, 2>(scratch, columns, lane, x, t, firstColumn, scratch.sums + t);
        for (; t < x.tokens; ++t)
            multiplyPanel<Kind, 1>(scratch, columns, lane, x, t, firstColumn, scratch.sums + t);
    }
}

ALCOVE_INLINE void clearSums(KernelScratch &scratch, std::size_t tokens)
{
    const hn::CappedTag<float, kRowPanel> df;
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t lane = 0; lane < kRowPanel; lane += hn::Lanes(df))
            hn::Store(hn::Zero(df), df, scratch.sums[t] + lane);
    }
}

ALCOVE_INLINE void storeSums(const KernelScratch &scratch, std::size_t tokens, std::size_t rows,
                             float *out, std::size_t outStride)
{
    for (std::size_t t = 0; t < tokens; ++t)
        std::memcpy(out + t * outStride, scratch.sums[t], rows * sizeof(float));
}

template <class Format>
HWY_NOINLINE void quantisedMatMat(const std::uint8_t *weights, std::size_t firstRow,
                                  std::size_t lastRow, const Activations &x, float *out,
                                  std::size_t outStride, KernelScratch &scratch)
{
    const std::size_t rowBytes = x.columns / Format::kElements * Format::kBytes;
    for (std::size_t row = firstRow; row < lastRow; row += kRowPanel) {
        const std::size_t rows = lastRow - row < kRowPanel ? lastRow - row : kRowPanel;
        clearSums(scratch, x.tokens);
        for (std::size_t at = 0; at < x.columns; at += kChunk) {
            const std::size_t columns = x.columns - at < kChunk ? x.columns - at : kChunk;
            for (std::size_t lane = 0; lane < kRowPanel; ++lane) {
                // Lanes beyond the last row repeat it; their sums are not stored.
                const std::size_t source = row + (lane < rows ? lane : rows - 1);
                unpackRow<Format>(weights + source * rowBytes
                                      + at / Format::kElements * Format::kBytes,
                                  columns, lane, scratch);
            }
            multiplyPanels<PanelKindOf<Format>>(scratch, columns, x, at);
        }
        storeSums(scratch, x.tokens, rows, out + row, outStride);
    }
}

// The same with float32: panel [columns][16 rows].
template <class Format>
ALCOVE_INLINE void unpackPlainRow(const std::uint8_t *weights, std::size_t columns,
                                  std::size_t lane, float *panel)
{
    const hn::ScalableTag<float> d;
    HWY_ALIGN float values[HWY_MAX_BYTES / sizeof(float)];
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= columns; i += hn::Lanes(d)) {
        hn::Store(Format::load(d, weights + i * Format::kBytes), d, values);
        ALCOVE_UNROLL
        for (std::size_t k = 0; k < HWY_MAX_BYTES / sizeof(float); ++k)
            panel[(i + k) * kRowPanel + lane] = values[k];
    }
    for (; i < columns; ++i)
        panel[i * kRowPanel + lane] = Format::loadOne(weights + i * Format::kBytes);
}

template <std::size_t kTokens>
ALCOVE_INLINE void multiplyPlainPanel(const float *panel, std::size_t columns, const float *x,
                                      std::size_t stride, float (*sums)[kRowPanel],
                                      std::size_t lane)
{
    const hn::CappedTag<float, kRowPanel> df;
    hn::Vec<decltype(df)> total[kTokens];
    ALCOVE_UNROLL
    for (std::size_t t = 0; t < kTokens; ++t)
        total[t] = hn::Load(df, sums[t] + lane);
    for (std::size_t i = 0; i < columns; ++i) {
        const auto w = hn::Load(df, panel + i * kRowPanel + lane);
        ALCOVE_UNROLL
        for (std::size_t t = 0; t < kTokens; ++t)
            total[t] = hn::MulAdd(w, hn::Set(df, x[t * stride + i]), total[t]);
    }
    ALCOVE_UNROLL
    for (std::size_t t = 0; t < kTokens; ++t)
        hn::Store(total[t], df, sums[t] + lane);
}

template <class Format>
HWY_NOINLINE void plainMatMat(const std::uint8_t *weights, std::size_t firstRow,
                              std::size_t lastRow, const Activations &x, float *out,
                              std::size_t outStride, KernelScratch &scratch)
{
    const hn::CappedTag<float, kRowPanel> df;
    auto *panel = reinterpret_cast<float *>(scratch.panel);
    const std::size_t rowBytes = x.columns * Format::kBytes;
    for (std::size_t row = firstRow; row < lastRow; row += kRowPanel) {
        const std::size_t rows = lastRow - row < kRowPanel ? lastRow - row : kRowPanel;
        clearSums(scratch, x.tokens);
        for (std::size_t at = 0; at < x.columns; at += kChunk) {
            const std::size_t columns = x.columns - at < kChunk ? x.columns - at : kChunk;
            for (std::size_t lane = 0; lane < kRowPanel; ++lane) {
                const std::size_t source = row + (lane < rows ? lane : rows - 1);
                unpackPlainRow<Format>(weights + source * rowBytes + at * Format::kBytes, columns,
                                       lane, panel);
            }
            for (std::size_t lane = 0; lane < kRowPanel; lane += hn::Lanes(df)) {
                std::size_t t = 0;
                for (; t + kTile <= x.tokens; t += kTile)
                    multiplyPlainPanel<kTile>(panel, columns, x.values + t * x.columns + at,
                                              x.columns, scratch.sums + t, lane);
                for (; t < x.tokens; ++t)
                    multiplyPlainPanel<1>(panel, columns, x.values + t * x.columns + at, x.columns,
                                          scratch.sums + t, lane);
            }
        }
        storeSums(scratch, x.tokens, rows, out + row, outStride);
    }
}

// From this many tokens on, unpacking a panel pays.
inline constexpr std::size_t kPanelTokens = 4;

template <class Format>
HWY_NOINLINE void quantisedProduct(const std::uint8_t *weights, std::size_t firstRow,
                                   std::size_t lastRow, const Activations &x, float *out,
                                   std::size_t outStride, KernelScratch &scratch)
{
    if (x.tokens < kPanelTokens)
        quantisedMatVec<Format>(weights, firstRow, lastRow, x, out, outStride);
    else
        quantisedMatMat<Format>(weights, firstRow, lastRow, x, out, outStride, scratch);
}

template <class Format>
HWY_NOINLINE void plainProduct(const std::uint8_t *weights, std::size_t firstRow,
                               std::size_t lastRow, const Activations &x, float *out,
                               std::size_t outStride, KernelScratch &scratch)
{
    if (x.tokens < kPanelTokens)
        plainMatVec<Format>(weights, firstRow, lastRow, x, out, outStride);
    else
        plainMatMat<Format>(weights, firstRow, lastRow, x, out, outStride, scratch);
}

} // namespace HWY_NAMESPACE
} // namespace alcove::cpu
HWY_AFTER_NAMESPACE();

#endif
