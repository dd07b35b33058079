// Values kept within (-cap, cap).
float softCapped(float value, float cap)
{
    const float small = exp(-2.0 * abs(value / cap));
    const float limited = cap * (1.0 - small) / (1.0 + small);
    return value < 0.0 ? -limited : limited;
}
