// The feed-forward's activation; the kinds mirror llm::Activation.
layout(constant_id = 30) const uint kActivation = 0; // 0: none

// The error function to 1.5e-7 (Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26).
float errorFunction(float x)
{
    const float a = abs(x);
    const float t = 1.0 / (1.0 + 0.3275911 * a);
    const float series = t
        * (0.254829592
           + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const float positive = 1.0 - series * exp(-a * a);
    return x < 0.0 ? -positive : positive;
}

// tanh, also where exp would overflow.
float hyperbolicTangent(float x)
{
    const float small = exp(-2.0 * abs(x));
    const float value = (1.0 - small) / (1.0 + small);
    return x < 0.0 ? -value : value;
}

// `up` is 1 where there is no second product.
float activate(float gate, float up)
{
    switch (kActivation) {
    case 1: // SiLU
        return up * gate / (1.0 + exp(-gate));
    case 2: // GELU
        return up * 0.5 * gate * (1.0 + errorFunction(gate * 0.70710678));
    case 3: // GELU by tanh
        return up * 0.5 * gate
            * (1.0 + hyperbolicTangent(0.79788456 * gate * (1.0 + 0.044715 * gate * gate)));
    case 4: { // clamped SwiGLU
        const float g = min(gate, 7.0);
        const float u = clamp(up, -7.0, 7.0);
        return g / (1.0 + exp(-1.702 * g)) * (u + 1.0);
    }
    }
    return gate;
}
