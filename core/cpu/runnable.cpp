#include "core/cpu/runnable.h"

#include <string>

namespace alcove::cpu {
namespace {

using namespace alcove::llm;

// What is missing, or nullptr.
const char *missing(const Attention &a)
{
    if (a.direction != Direction::Causal)
        return "attention to what follows";
    if (a.window)
        return "attention through a sliding window";
    if (a.softCap != 0.0f)
        return "capped attention scores";
    if (a.sinks)
        return "attention sinks";
    if (a.maxAlibiBias != 0.0f)
        return "attention biased by distance";
    if (a.outputGate)
        return "gated attention";
    if ((a.queryNorm || a.keyNorm) && a.headNorms != HeadNorms::PerHead)
        return "norms over all heads";
    if (a.rope.dims == 0)
        return "layers without positions";
    return nullptr;
}

const char *missing(const Layer &layer)
{
    const auto *attention = std::get_if<Attention>(&layer.mixer);
    if (!attention)
        return "layers with a recurrent state";
    const auto *dense = std::get_if<DenseFeedForward>(&layer.feedForward);
    if (!dense)
        return "a mixture of experts";
    if (dense->activation != Activation::Silu || !dense->gate.there())
        return "another activation than SwiGLU";
    if (!layer.mixerNorm.there() || !layer.feedForwardNorm.there() || layer.mixerPostNorm.there()
        || layer.mixerOutNorm.there() || layer.feedForwardPostNorm.there()
        || layer.feedForwardOutNorm.there())
        return "norms in other places than before each block";
    if (layer.residualScale != 1.0f)
        return "scaled residuals";
    return missing(*attention);
}

const char *missing(const ModelSpec &spec)
{
    if (spec.isEncoder())
        return "embeddings";
    for (const Layer &layer : spec.layers) {
        if (const char *what = missing(layer))
            return what;
    }
    if (spec.embeddingScale != 1.0f || spec.positionEmbedding || spec.segmentEmbedding
        || spec.embeddingNorm.there())
        return "embeddings that are not used as they are";
    if (!spec.outputNorm.there())
        return "an output without a norm";
    if (spec.logitScale != 1.0f || spec.logitSoftCap != 0.0f)
        return "scaled logits";
    return nullptr;
}

} // namespace

Result<> checkRunnable(const ModelSpec &spec)
{
    if (const char *what = missing(spec))
        return fail(ErrorCode::Unsupported,
                    "The model needs " + std::string(what)
                        + ", which the processor does not run yet.");
    return {};
}

} // namespace alcove::cpu
