// The topmost bit of each number: a word for 32 numbers, where bit i of byte b belongs to number
// 4 * i + b. Returns, at bit 0 of each byte, those of the chunk's numbers in fours.
uvec4 loadHighBits(Matrix m, uint chunk)
{
    const uint bits = Words(m.high).at[chunk >> 1] >> ((chunk & 1) * 4);
    return uvec4(bits, bits >> 1, bits >> 2, bits >> 3) & 0x01010101u;
}
