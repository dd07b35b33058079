// BF16: the upper half of a float32; two numbers in a word.
vec4 brainFloats(uint low, uint high)
{
    return uintBitsToFloat(uvec4(low << 16, low & 0xffff0000u, high << 16, high & 0xffff0000u));
}

void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 a = m.quants.at[chunk * 2];
    const uvec4 b = m.quants.at[chunk * 2 + 1];
    q[0] = brainFloats(a.x, a.y);
    q[1] = brainFloats(a.z, a.w);
    q[2] = brainFloats(b.x, b.y);
    q[3] = brainFloats(b.z, b.w);
    scale = 1.0;
    offset = 0.0;
}
