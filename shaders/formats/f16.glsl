// F16: two numbers in a word.
void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 a = m.quants.at[chunk * 2];
    const uvec4 b = m.quants.at[chunk * 2 + 1];
    q[0] = vec4(unpackHalf2x16(a.x), unpackHalf2x16(a.y));
    q[1] = vec4(unpackHalf2x16(a.z), unpackHalf2x16(a.w));
    q[2] = vec4(unpackHalf2x16(b.x), unpackHalf2x16(b.y));
    q[3] = vec4(unpackHalf2x16(b.z), unpackHalf2x16(b.w));
    scale = 1.0;
    offset = 0.0;
}
