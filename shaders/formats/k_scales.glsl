// The scales of Q4_K and Q5_K: per block of 256 one word with the two f16 units (of the scales, of
// the minima), then for its 8 parts of 32 a 6-bit scale and a 6-bit minimum: 8 bytes with the low 4
// bits of both, and one word with the high 2 bits of both in 4 bits a part.
void loadScales(Matrix m, uint chunk, out float scale, out float offset)
{
    const uvec4 words = m.scales.at[chunk >> 4];
    const uint part = (chunk >> 1) & 7;
    const vec2 units = unpackHalf2x16(words.x);
    const uint low = (part < 4 ? words.y : words.z) >> ((part & 3) * 8);
    const uint high = words.w >> (part * 4);
    scale = units.x * float((low & 15) | ((high & 3) << 4));
    offset = units.y * float(((low >> 4) & 15) | ((high & 12) << 2));
}
