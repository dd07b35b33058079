// The decode step's memory from token to token; mirrors StepState in gpu/step_state.h.
layout(buffer_reference, std430, buffer_reference_align = 16) buffer State {
    uint position; // positions in the KV cache: where the next token goes
    int token;     // to be evaluated next
    uint drawnLow; // tokens drawn in this run: the random numbers' counter
    uint drawnHigh;
    uint seedLow;
    uint seedHigh;
    uint topK; // 1 for greedy
    uint flags;
    float temperature;
    float topP;
    float minP;
    float repeatPenalty;
    float presencePenalty;
    float frequencyPenalty;
    uint window;      // size of the penalty window
    uint windowCount; // tokens in it
    uint windowNext;  // where the next one goes
};

const uint kFlagPenalties = 1;
const uint kFlagGreedy = 2;
