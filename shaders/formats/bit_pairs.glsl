// Two bits of each number: a word for a chunk, where bits 2i and 2i+1 of byte b belong to number
// 4 * i + b. Returns the numbers in fours, one a byte.
uvec4 bitPairs(uint word)
{
    return uvec4(word, word >> 2, word >> 4, word >> 6) & 0x03030303u;
}
