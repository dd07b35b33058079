// The format that the build asked for (FORMAT_...).
#if defined(FORMAT_F32)
#include "formats/f32.glsl"
#elif defined(FORMAT_F16)
#include "formats/f16.glsl"
#elif defined(FORMAT_BF16)
#include "formats/bf16.glsl"
#elif defined(FORMAT_Q8_0)
#include "formats/q8_0.glsl"
#elif defined(FORMAT_Q4_0)
#include "formats/q4_0.glsl"
#elif defined(FORMAT_Q4_1)
#include "formats/q4_1.glsl"
#elif defined(FORMAT_Q5_0)
#include "formats/q5_0.glsl"
#elif defined(FORMAT_Q5_1)
#include "formats/q5_1.glsl"
#elif defined(FORMAT_Q2_K)
#include "formats/q2_k.glsl"
#elif defined(FORMAT_Q3_K)
#include "formats/q3_k.glsl"
#elif defined(FORMAT_Q4_K)
#include "formats/q4_k.glsl"
#elif defined(FORMAT_Q5_K)
#include "formats/q5_k.glsl"
#elif defined(FORMAT_Q6_K)
#include "formats/q6_k.glsl"
#elif defined(FORMAT_IQ4_NL)
#include "formats/iq4_nl.glsl"
#elif defined(FORMAT_IQ4_XS)
#include "formats/iq4_xs.glsl"
#elif defined(FORMAT_MXFP4)
#include "formats/mxfp4.glsl"
#elif defined(FORMAT_TQ2_0)
#include "formats/tq2_0.glsl"
#elif defined(FORMAT_IQ2_XXS)
#include "formats/iq2_xxs.glsl"
#elif defined(FORMAT_IQ2_XS)
#include "formats/iq2_xs.glsl"
#elif defined(FORMAT_IQ2_S)
#include "formats/iq2_s.glsl"
#elif defined(FORMAT_IQ3_XXS)
#include "formats/iq3_xxs.glsl"
#elif defined(FORMAT_IQ3_S)
#include "formats/iq3_s.glsl"
#else
#error "no weight format given"
#endif

#ifndef FORMAT_TABLE
void prepareFormat(Matrix m)
{ }
#endif
