// ModelSpec: what a model computes, as one plain value. Both executors run any specification; only
// the functions that build one from GGUF metadata know architectures by name.
//
// Tensors point into the GgufFile that the specification was read from; matrices have any runnable
// type; norms, biases and other vectors are F32. Immutable; any thread.
#pragma once

#include "core/base/result.h"
#include "core/llm/gguf.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace alcove::llm {

enum class NormKind { Rms, Layer };

// Not there (no weight): the value passes as it is.
struct Norm {
    NormKind kind = NormKind::Rms;
    const Tensor *weight = nullptr; // [width]
    const Tensor *bias = nullptr; // [width] or none
    float epsilon = 1e-5f;

    bool there() const { return weight != nullptr; }
};

struct Linear {
    const Tensor *weight = nullptr; // [outputs][inputs]
    const Tensor *bias = nullptr; // [outputs] or none

    bool there() const { return weight != nullptr; }
    std::uint32_t inputs() const { return static_cast<std::uint32_t>(weight->shape[0]); }
    std::uint32_t outputs() const { return static_cast<std::uint32_t>(weight->shape[1]); }
};

enum class RopePairs {
    Adjacent, // rotates (x[2i], x[2i+1]): llama's files
    SplitHalf, // rotates (x[i], x[i + dims/2]): NeoX, qwen
};

// Every kind of RoPE scaling (linear, YaRN, factors per pair) is folded into the frequencies and
// the magnitude when the specification is read, so an executor only rotates pair i by position *
// frequencies[i].
struct Rope {
    RopePairs pairs = RopePairs::Adjacent;
    std::uint32_t dims = 0; // leading dimensions of a head that rotate; even; 0: no RoPE
    std::vector<float> frequencies; // [dims / 2], radians per position
    float magnitude = 1.0f; // scales cos and sin (YaRN's attention factor)
    // Takes the place of `frequencies` in a context longer than `originalContext` (phi3's long
    // factors). Empty: there is one table only.
    std::vector<float> longFrequencies; // [dims / 2]
    std::uint32_t originalContext = 0;

    const std::vector<float> &frequenciesFor(std::uint32_t configuredContext) const
    {
        return !longFrequencies.empty() && configuredContext > originalContext ? longFrequencies
                                                                               : frequencies;
    }
};

enum class Direction {
    Causal, // a position sees itself and what is before it
    Both, // every position sees all: encoders; all tokens are evaluated in one batch
};

enum class HeadNorms {
    PerHead, // one weight [headSize] for every head
    Whole, // over all heads at once, weight [heads * headSize] (olmo2)
};

struct Attention {
    std::uint32_t heads = 0;
    std::uint32_t kvHeads = 0;
    std::uint32_t headSize = 0; // of q, k and v
    Linear query; // [heads * headSize][width]; see outputGate
    Linear key; // [kvHeads * headSize][width]
    Linear value; // [kvHeads * headSize][width]
    Linear output; // [width][heads * headSize]
    HeadNorms headNorms = HeadNorms::PerHead;
    std::optional<Norm> queryNorm; // before RoPE
    std::optional<Norm> keyNorm;
    Rope rope;
    float scale = 1.0f; // of q.k before the softmax
    Direction direction = Direction::Causal;
    std::uint32_t window = 0; // position p sees (p - window, p] only; 0: no such bound
    float softCap = 0.0f; // scaled scores s become softCap * tanh(s / softCap); 0: they stay
    // One more logit of each head's softmax, which carries no value.
    const Tensor *sinks = nullptr; // [heads] or none
    // ALiBi (Press et al. 2022): score += -slope(head) * |distance|; 0: none.
    float maxAlibiBias = 0.0f;
    // The query projection has [heads][2][headSize] rows, each head's query and its gate; what is
    // attended to is multiplied by sigmoid(gate) before the output projection (qwen35).
    bool outputGate = false;
};

// Depthwise causal convolution between two gates (LFM2). in: [3 * width][width] gives b, c, x;
// y_t = c_t * sum_j kernel[.][j] * (b * x)_{t - taps + 1 + j}; out(y). State: the last taps - 1 of
// b * x.
struct ShortConvolution {
    Linear in; // [3 * width][width]
    const Tensor *kernel = nullptr; // [width][taps], the newest position last
    Linear out; // [width][width]

    std::uint32_t taps() const { return static_cast<std::uint32_t>(kernel->shape[0]); }
};

// Gated delta rule (Yang et al. 2024, arXiv 2412.06464) as in Qwen 3.5: q, k, v of `qkv` pass a
// depthwise causal convolution and SiLU; q and k are L2-normalised per head, q scaled by
// 1/sqrt(keySize); decay = exp(a * softplus(alpha + dtBias)), beta = sigmoid(betas); S = decay * S;
// S += k (beta * (v - S^T k))^T; o = S^T q; out(rms(o) * silu(gate)). Value head h goes with query
// and key head h % keyHeads; the length in the L2 norm is at least the norm's epsilon.
struct GatedDeltaNet {
    std::uint32_t keyHeads = 0;
    std::uint32_t valueHeads = 0;
    std::uint32_t keySize = 0;
    std::uint32_t valueSize = 0;
    Linear qkv; // [2 * keyHeads * keySize + valueHeads * valueSize][width]
    Linear gate; // [valueHeads * valueSize][width]
    Linear alpha; // [valueHeads][width]
    Linear beta; // [valueHeads][width]
    const Tensor *kernel = nullptr; // [qkv outputs][taps], the newest position last
    const Tensor *dtBias = nullptr; // [valueHeads]
    const Tensor *a = nullptr; // [valueHeads], negative
    Norm norm; // of each head's output, weight [valueSize]
    Linear out; // [width][valueHeads * valueSize]

    std::uint32_t taps() const { return static_cast<std::uint32_t>(kernel->shape[0]); }
};

// Mamba 2 (Dao & Gu 2024, arXiv 2405.21060): in gives z, xBC, dt; xBC passes a depthwise causal
// convolution and SiLU; dt = softplus(dt + dtBias); per head h = exp(dt * a) * h + dt * x B^T,
// y = h C + d * x; out(groupRms(y * silu(z))).
struct Mamba2 {
    std::uint32_t heads = 0;
    std::uint32_t headSize = 0; // inner size / heads
    std::uint32_t stateSize = 0; // of B and C
    std::uint32_t groups = 0; // heads of a group share B and C, and one norm
    Linear in; // [2 * inner + 2 * groups * stateSize + heads][width]
    const Tensor *kernel = nullptr; // [inner + 2 * groups * stateSize][taps], the newest last
    const Tensor *kernelBias = nullptr; // [inner + 2 * groups * stateSize] or none
    const Tensor *dtBias = nullptr; // [heads]
    const Tensor *a = nullptr; // [heads], negative
    const Tensor *d = nullptr; // [heads]
    Norm norm; // weight [groups][inner / groups]; over each group
    Linear out; // [width][inner]

    std::uint32_t inner() const { return heads * headSize; }
    std::uint32_t taps() const { return static_cast<std::uint32_t>(kernel->shape[0]); }
};

enum class Activation {
    Silu,
    Gelu, // with erf
    GeluTanh, // the tanh approximation
    ClampedSwiglu, // gpt-oss: g = min(gate, 7), u = clamp(up, -7, 7); g * sigmoid(1.702 g) * (u +
                   // 1)
};

struct DenseFeedForward {
    Activation activation = Activation::Silu;
    Linear gate; // [hidden][width]; when not there: down(activation(up(x)))
    Linear up; // [hidden][width]
    Linear down; // [width][hidden]
};

// The same matrix of every expert.
struct ExpertMatrices {
    const Tensor *weight = nullptr; // [experts][outputs][inputs]
    const Tensor *bias = nullptr; // [experts][outputs] or none

    std::uint32_t inputs() const { return static_cast<std::uint32_t>(weight->shape[0]); }
    std::uint32_t outputs() const { return static_cast<std::uint32_t>(weight->shape[1]); }
    std::uint32_t experts() const { return static_cast<std::uint32_t>(weight->shape[2]); }
};

enum class ExpertWeights {
    Softmax, // of all experts' logits
    SoftmaxOfChosen, // of the chosen experts' logits (gpt-oss)
    Sigmoid,
};

// Mixture of experts: the `used` experts with the largest router outputs, added up by weight.
struct ExpertFeedForward {
    Activation activation = Activation::Silu;
    std::uint32_t used = 0;
    ExpertWeights weights = ExpertWeights::Softmax;
    bool renormalise = false; // the chosen weights add up to 1
    float weightScale = 1.0f; // of the weights, last
    Linear router; // [experts][width]
    const Tensor *choiceBias = nullptr; // [experts] or none: counts for the choice only
    ExpertMatrices gate; // [experts][hidden][width]
    ExpertMatrices up; // [experts][hidden][width]
    ExpertMatrices down; // [experts][width][hidden]
    std::optional<DenseFeedForward> shared; // added for every token
    const Tensor *sharedGate = nullptr; // [width] or none: shared times sigmoid(sharedGate . x)
};

using Mixer = std::variant<Attention, ShortConvolution, GatedDeltaNet, Mamba2>;
using FeedForward = std::variant<DenseFeedForward, ExpertFeedForward>;
// Of one expert, where there are experts.
std::uint32_t hiddenWidth(const FeedForward &feedForward);

// x += residualScale * mixerPostNorm(mixer(mixerNorm(x)));       x = mixerOutNorm(x)
// x += residualScale * feedForwardPostNorm(feedForward(feedForwardNorm(x))); x =
// feedForwardOutNorm(x) Norms that are not there leave their value as it is.
struct Layer {
    Norm mixerNorm;
    Mixer mixer;
    Norm mixerPostNorm;
    Norm mixerOutNorm; // bert
    Norm feedForwardNorm;
    FeedForward feedForward;
    Norm feedForwardPostNorm;
    Norm feedForwardOutNorm; // bert
    float residualScale = 1.0f;
};

// How an encoder's positions become one vector.
enum class Pooling { None, Mean, Cls, Last };

struct ModelSpec {
    std::string architecture; // for display only
    std::string name; // general.name, or the file's name
    std::uint32_t width = 0;
    std::uint32_t vocabulary = 0;
    std::uint32_t trainedContext = 0; // positions the model was made for
    const Tensor *embedding = nullptr; // [vocabulary][width]
    float embeddingScale = 1.0f; // of a token's row
    const Tensor *positionEmbedding = nullptr; // [positions][width] or none; added
    const Tensor *segmentEmbedding = nullptr; // [segments][width] or none; row 0 is added
    Norm embeddingNorm; // of the sum
    std::vector<Layer> layers;
    Norm outputNorm;
    // [vocabulary][width]; the embedding when tied; not there in an encoder, whose result is the
    // positions' last hidden values.
    Linear output;
    bool tiedEmbedding = false;
    float logitScale = 1.0f; // multiplies the logits
    float logitSoftCap = 0.0f; // then logits l become cap * tanh(l / cap); 0: they stay
    Pooling pooling = Pooling::None; // what the file asks for
    // Parts of the file's tensors that the layers above refer to, such as the q of a fused qkv.
    std::vector<std::shared_ptr<const Tensor>> views;

    bool isEncoder() const { return !output.there(); }
    bool isRecurrent() const; // has a layer whose state is not a KV cache
    std::uint64_t parameterCount() const;
    std::uint64_t weightBytes() const; // as stored in the file, a tied embedding once
    // Bytes of K and V for one position in all layers, at `bytesPerElement` each (2 for f16).
    std::uint64_t kvBytesPerPosition(std::uint32_t bytesPerElement) const;
};

// Unsupported (architecture, tensor type, a scaling we do not know: named) or InvalidFile (missing
// tensor, wrong shape, sizes out of bounds: named).
Result<ModelSpec> readModelSpec(const GgufFile &file);

// A file and its specification, kept together because the one points into the other.
class Model
{
public:
    static Result<std::shared_ptr<const Model>> open(const std::string &path);

    const GgufFile &file() const { return m_file; }
    const ModelSpec &spec() const { return m_spec; }

private:
    GgufFile m_file;
    ModelSpec m_spec;
};

} // namespace alcove::llm
