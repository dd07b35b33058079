// The inverse root mean square of the residual, from the partial sums of squares that the stage
// before has left behind.
float inverseRms(Floats4 sums, uint sumCount, uint width, float epsilon)
{
    float squares = 0.0;
    for (uint i = lane() * 4; i < sumCount; i += kLanes * 4) {
        const vec4 part = sums.at[i / 4];
        squares += part.x;
        // Behind the last sum is what a longer list has left.
        squares += i + 1 < sumCount ? part.y : 0.0;
        squares += i + 2 < sumCount ? part.z : 0.0;
        squares += i + 3 < sumCount ? part.w : 0.0;
    }
    return inversesqrt(subgroupAdd(squares) / float(width) + epsilon);
}
