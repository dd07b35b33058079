// F32: plain numbers.
void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
{
    Floats4 values = Floats4(m.quants);
    for (uint i = 0; i < 4; ++i)
        q[i] = values.at[chunk * 4 + i];
    scale = 1.0;
    offset = 0.0;
}
