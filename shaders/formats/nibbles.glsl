// Numbers of 4 bits, or the low 4 bits of longer ones: two words a chunk; in each, the low halves of
// the bytes are the first four numbers and the high halves the next four.
uvec4 loadNibbles(Matrix m, uint chunk)
{
    const uvec2 words = Words2(m.quants).at[chunk];
    return uvec4(words.x & 0x0f0f0f0fu, (words.x >> 4) & 0x0f0f0f0fu, words.y & 0x0f0f0f0fu,
                 (words.y >> 4) & 0x0f0f0f0fu);
}
