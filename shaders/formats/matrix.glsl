// A weight matrix as the upload lays it out (gpu/weight_layout.h): planes over all rows, where a
// row is a whole number of chunks of 16 columns.
//
// Each format defines
//   void loadChunk(Matrix m, uint chunk, out vec4 q[4], out float scale, out float offset)
// so that the 16 weights of a chunk are scale * q - offset, `chunk` being row * chunks + column / 16.
// FORMAT_OFFSET is defined where offset is not always 0, FORMAT_SCALE where scale is not always 1,
// FORMAT_TABLE where numbers stand for values of a table, which then lies in shared memory. All lanes
// call prepareFormat(m) before the first loadChunk.
// The blocks themselves are those of the GGUF specification.
struct Matrix {
    Words4 quants; // the numbers, or their low bits
    Words4 high;   // their bits above those; or a grid: the points that its entries stand for
    Words4 scales; // scales (and minima) within a block
    Halfs units;   // one f16 scale per block (and one of the minima)
};

// The four bytes of a word, lowest first.
vec4 bytesOf(uint word)
{
    return vec4(word & 0xffu, (word >> 8) & 0xffu, (word >> 16) & 0xffu, word >> 24);
}

vec4 signedBytesOf(uint word)
{
    const int w = int(word);
    return vec4(bitfieldExtract(w, 0, 8), bitfieldExtract(w, 8, 8), bitfieldExtract(w, 16, 8),
                bitfieldExtract(w, 24, 8));
}
