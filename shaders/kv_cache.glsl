// The KV cache: [kvHeads][capacity][stride], one for keys and one for values of each layer. A stride
// is a multiple of 8, of 32 for the formats in blocks, and what is beyond the head's size stays zero.
//
// Formats in blocks (those of the GGUF specification, blocks of 32 along the head) keep their numbers
// first and then all their scales: f16, one for each block. The including kernel has rotation.glsl's
// `heads`, where a whole head is rounded and stored.

layout(constant_id = 20) const uint kKeyFormat = 0; // 0: f16, 1: float32, 2: Q8_0, 3: Q4_0
layout(constant_id = 21) const uint kKvStride = 64;
layout(constant_id = 22) const uint kKvCapacity = 1; // positions kept
layout(constant_id = 23) const uint kValueFormat = 0;
layout(constant_id = 24) const uint kKvRows = 1; // kvHeads * capacity
layout(constant_id = 25) const bool kKvRing = false; // a position takes the place of one long gone

// Number, in the cache, of a head's position.
uint kvRow(uint kvHead, uint position)
{
    return kvHead * kKvCapacity + (kKvRing ? position % kKvCapacity : position);
}

// Where the scale of the block with the element `at` is, counted in halves from the cache's start.
uint kvScale(uint format, uint at)
{
    return kKvRows * (kKvStride / 32) * (format == 2 ? 16 : 8) + at / 32;
}

// Eight values from dimension `dim` (a multiple of 8) on.
void loadKv(Words4 cache, uint format, uint row, uint dim, out vec4 a, out vec4 b)
{
    const uint at = row * kKvStride + dim;
    if (format == 1) {
        a = Floats4(cache).at[at / 4];
        b = Floats4(cache).at[at / 4 + 1];
    } else if (format == 2) {
        const ivec2 words = ivec2(Words2(cache).at[at / 8]);
        const float scale = float(Halfs(cache).at[kvScale(format, at)]);
        a = vec4(bitfieldExtract(words.x, 0, 8), bitfieldExtract(words.x, 8, 8),
                 bitfieldExtract(words.x, 16, 8), bitfieldExtract(words.x, 24, 8)) * scale;
        b = vec4(bitfieldExtract(words.y, 0, 8), bitfieldExtract(words.y, 8, 8),
                 bitfieldExtract(words.y, 16, 8), bitfieldExtract(words.y, 24, 8)) * scale;
    } else if (format == 3) {
        const uint word = Words(cache).at[at / 8];
        const float scale = float(Halfs(cache).at[kvScale(format, at)]);
        a = (vec4(word & 15u, (word >> 4) & 15u, (word >> 8) & 15u, (word >> 12) & 15u) - 8.0) * scale;
        b = (vec4((word >> 16) & 15u, (word >> 20) & 15u, (word >> 24) & 15u, word >> 28) - 8.0)
            * scale;
    } else {
        const uvec4 words = cache.at[at / 8];
        a = vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
        b = vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w));
    }
}

// One block of a head in shared memory, rounded in place and perhaps stored.
void keepBlock(Words4 cache, uint format, uint row, uint slot, uint block, bool store)
{
    const uint first = slot * kHeadSize + block * 32;
    const uint count = min(32, kHeadSize - block * 32);
    float most = 0.0; // the value of largest magnitude
    for (uint i = 0; i < count; ++i) {
        const float value = heads[first + i];
        most = abs(value) > abs(most) ? value : most;
    }
    const uint bits = format == 2 ? 8 : 4;
    const float scale = format == 2 ? abs(most) / 127.0 : most / -8.0;
    const float inverse = scale != 0.0 ? 1.0 / scale : 0.0;
    const float kept = unpackHalf2x16(packHalf2x16(vec2(scale, 0.0))).x;
    const uint at = row * kKvStride + block * 32;
    uint word = 0;
    for (uint i = 0; i < 32; ++i) {
        const float value = i < count ? heads[first + i] * inverse : 0.0;
        int number = 0;
        if (format == 2) {
            number = int(value < 0.0 ? value - 0.5 : value + 0.5);
            word |= (uint(number) & 0xffu) << (i % 4 * 8);
        } else {
            number = min(15, int(value + 8.5));
            word |= uint(number) << (i % 8 * 4);
            number -= 8;
        }
        if (i < count)
            heads[first + i] = float(number) * kept;
        if (i % (32 / bits) == 32 / bits - 1) {
            if (store)
                Words(cache).at[(at + i) * bits / 32] = word;
            word = 0;
        }
    }
    if (store)
        Halfs(cache).at[kvScale(format, at)] = float16_t(kept);
}

// A head in shared memory, rounded in place as the cache holds it, and stored if asked for.
void keepHead(Words4 cache, uint format, uint row, uint slot, bool store)
{
    if (format >= 2) {
        for (uint block = lane(); block < kKvStride / 32; block += kLanes)
            keepBlock(cache, format, row, slot, block, store);
    } else {
        for (uint d = lane() * 2; d < kHeadSize; d += kLanes * 2) {
            const uint from = slot * kHeadSize + d;
            const uint at = row * kKvStride + d;
            vec2 values = vec2(heads[from], heads[from + 1]);
            if (format == 1) {
                if (store) {
                    Floats(cache).at[at] = values.x;
                    Floats(cache).at[at + 1] = values.y;
                }
            } else {
                const uint word = packHalf2x16(values);
                if (store)
                    Words(cache).at[at / 2] = word;
                values = unpackHalf2x16(word);
            }
            heads[from] = values.x;
            heads[from + 1] = values.y;
        }
    }
    sync();
}
