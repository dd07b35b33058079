// Q8_0: blocks of 32 signed bytes with one f16 scale.
#define FORMAT_SCALE
void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    const uvec4 words = m.quants.at[chunk];
    q[0] = signedBytesOf(words.x);
    q[1] = signedBytesOf(words.y);
    q[2] = signedBytesOf(words.z);
    q[3] = signedBytesOf(words.w);
    scale = float(m.units.at[chunk >> 1]);
    offset = 0.0;
}
