// Sorts a batch's choices of experts by expert, for the grouped matrix products: `order` lists the
// choices of the first expert, then those of the next; a tile is at most kTile of them, all of one
// expert. One workgroup.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "buffers.glsl"

layout(constant_id = 1) const uint kExperts = 1;
layout(constant_id = 2) const uint kTile = 1;

layout(push_constant, std430) uniform Push {
    Words2 choice; // [choices]: expert, weight
    Words order;   // [choices]: numbers of choices
    Words4 tiles;  // [tiles]: expert, first place in `order`, choices; 0 choices: not used
    uint choices;
    uint tileCount; // enough for all, whichever experts are chosen
} push;

shared uint places[kExperts]; // choices of an expert, then where its next one goes

void main()
{
    for (uint e = lane(); e < kExperts; e += kLanes)
        places[e] = 0;
    sync();
    for (uint i = lane(); i < push.choices; i += kLanes)
        atomicAdd(places[push.choice.at[i].x], 1);
    sync();
    uint place = 0;
    uint tile = 0;
    for (uint first = 0; first < kExperts; first += kLanes) {
        const uint expert = first + lane();
        const uint count = expert < kExperts ? places[expert] : 0;
        const uint own = (count + kTile - 1) / kTile;
        const uint ownPlace = place + subgroupExclusiveAdd(count);
        const uint ownTile = tile + subgroupExclusiveAdd(own);
        place += subgroupAdd(count);
        tile += subgroupAdd(own);
        for (uint t = 0; t < own; ++t)
            push.tiles.at[ownTile + t] =
                uvec4(expert, ownPlace + t * kTile, min(kTile, count - t * kTile), 0);
        if (expert < kExperts)
            places[expert] = ownPlace;
    }
    for (uint t = tile + lane(); t < push.tileCount; t += kLanes)
        push.tiles.at[t] = uvec4(0);
    sync();
    for (uint i = lane(); i < push.choices; i += kLanes)
        push.order.at[atomicAdd(places[push.choice.at[i].x], 1)] = i;
}
