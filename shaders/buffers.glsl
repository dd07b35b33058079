// What every kernel shares: memory by address, and the lanes of a workgroup.
//
// A workgroup is exactly one subgroup, whatever its size, so lanes meet without barriers.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_shuffle : require

layout(local_size_x_id = 0) in;

#define kLanes gl_WorkGroupSize.x

// The lanes of a subgroup are one vector of a processor, so that barriers between them would say
// nothing. llvmpipe would turn every kernel that has one into a coroutine.
layout(constant_id = 31) const bool kLockstep = false;

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Words4 { uvec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Words2 { uvec2 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Halfs { float16_t at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Floats4 { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Tokens { int at[]; };

// Written by some workgroups and read by the last of the same stage.
layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer SharedFloats { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer SharedFloats4 { vec4 at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer SharedWords { uint at[]; };

uint lane()
{
    return gl_SubgroupInvocationID;
}

// Waits until all lanes are here.
void meet()
{
    if (!kLockstep)
        subgroupBarrier();
}

// Orders this workgroup's accesses to shared variables.
void sync()
{
    subgroupMemoryBarrierShared();
    meet();
}

// The number of this workgroup in a grid that may be folded over x and y.
uint foldedWorkgroup()
{
    return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

// True in the one workgroup of `count` that arrives last at `counter`; all that the others have
// written to coherent buffers is then visible. The counter is ready for the next use.
bool arrivesLast(SharedWords counter, uint index, uint count)
{
    // Lanes need not run in step: all must have written before one of them says so.
    memoryBarrierBuffer();
    meet();
    uint before = 0;
    if (subgroupElect())
        before = atomicAdd(counter.at[index], 1);
    before = subgroupBroadcastFirst(before);
    if (before != count - 1)
        return false;
    if (subgroupElect())
        counter.at[index] = 0;
    memoryBarrierBuffer();
    meet();
    return true;
}
