// The KV cache: [kvHeads][capacity][stride], f16 or float32, one for keys and one for values of each
// layer. A stride is a multiple of 8, and what is beyond the head's size stays zero.

layout(constant_id = 20) const bool kKvFloat32 = false;
layout(constant_id = 21) const uint kKvStride = 64;
layout(constant_id = 22) const uint kKvCapacity = 1;

// Number, in the cache, of a head's position.
uint kvRow(uint kvHead, uint position)
{
    return kvHead * kKvCapacity + position;
}

// Eight values from dimension `dim` (a multiple of 8) on.
void loadKv(Words4 cache, uint row, uint dim, out vec4 a, out vec4 b)
{
    const uint at = row * (kKvStride / 8) + dim / 8;
    if (kKvFloat32) {
        Floats4 values = Floats4(cache);
        a = values.at[at * 2];
        b = values.at[at * 2 + 1];
    } else {
        const uvec4 words = cache.at[at];
        a = vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
        b = vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w));
    }
}

// Two values at dimensions `dim` (even) and dim + 1, rounded as the cache holds them.
vec2 roundKv(vec2 values)
{
    return kKvFloat32 ? values : unpackHalf2x16(packHalf2x16(values));
}

void storeKv(Words4 cache, uint row, uint dim, vec2 values)
{
    if (kKvFloat32) {
        Floats(cache).at[row * kKvStride + dim] = values.x;
        Floats(cache).at[row * kKvStride + dim + 1] = values.y;
    } else {
        Words(cache).at[(row * kKvStride + dim) / 2] = packHalf2x16(values);
    }
}
