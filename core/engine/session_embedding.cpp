// The part of a session that does not write: embeddings, and logits of given tokens.
#include "core/engine/session.h"
#include "core/engine/session_errors.h"

#include <new>

namespace alcove::engine {

Result<std::vector<llm::Token>> Session::tokensToEmbed(std::string_view text) const
{
    if (!m_tokenizer)
        return fail(ErrorCode::Unsupported, m_tokenizerError);
    std::vector<llm::Token> tokens =
        m_tokenizer->encode(text, llm::AddSpecial::AsModel, llm::ParseSpecial::No);
    if (tokens.empty())
        return fail(ErrorCode::InvalidArgument, "There is no text to embed.");
    if (tokens.size() > capacity())
        return fail(ErrorCode::ContextFull,
                    "The text has " + std::to_string(tokens.size())
                        + " tokens, but the context holds " + std::to_string(capacity())
                        + ". Shorten it, or choose a longer context.");
    return tokens;
}

Result<Session::Embedding> Session::embed(std::string_view text)
try {
    const std::string one(text);
    return std::move(embedAll({&one, 1}).front());
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

std::vector<Result<Session::Embedding>> Session::embedAll(std::span<const std::string> texts,
                                                          const CancelToken &cancel)
{
    std::vector<Result<Embedding>> results(texts.size(), fail(outOfMemory()));
    try {
        std::vector<std::vector<llm::Token>> sound;
        std::vector<std::size_t> places; // of the sound ones' results
        for (std::size_t i = 0; i < texts.size(); ++i) {
            auto tokens = tokensToEmbed(texts[i]);
            if (!tokens) {
                results[i] = fail(tokens.error());
                continue;
            }
            places.push_back(i);
            sound.push_back(std::move(*tokens));
        }
        auto executor = bareExecutor();
        llm::ForwardHooks hooks;
        hooks.cancel = cancel;
        Result<std::vector<std::vector<float>>> vectors = executor
            ? (*executor)->embedAll(sound, llm::Pooling::None, hooks)
            : fail(executor.error());
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (vectors)
                results[places[i]] =
                    Embedding{std::move((*vectors)[i]), std::uint32_t(sound[i].size())};
            else
                results[places[i]] = fail(vectors.error());
        }
    } catch (const std::bad_alloc &) {
        // What has no result yet says so.
    }
    return results;
}

Result<> Session::logits(std::span<const llm::Token> tokens, std::span<const std::uint32_t> pieces,
                         const std::function<Result<>(std::span<const float>)> &sink)
try {
    auto executor = bareExecutor();
    if (!executor)
        return fail(executor.error());
    if ((*executor)->spec().isEncoder()) {
        const auto vector = (*executor)->embed(tokens, llm::Pooling::Mean);
        return vector ? sink(*vector) : Result<>(fail(vector.error()));
    }
    std::size_t start = 0;
    for (const std::uint32_t piece : pieces) {
        if (piece > tokens.size() - start)
            return fail(ErrorCode::InvalidArgument, "The pieces are longer than the tokens.");
        auto rows = (*executor)->forward(tokens.subspan(start, piece), llm::LogitRows::All);
        if (!rows)
            return fail(rows.error());
        if (auto taken = sink(*rows); !taken)
            return fail(taken.error());
        start += piece;
    }
    return {};
} catch (const std::bad_alloc &) {
    return fail(outOfMemory());
}

Result<llm::Executor *> Session::bareExecutor()
{
    if (auto ready = requireExecutor(); !ready)
        return fail(ready.error());
    m_cached.clear();
    if (auto done = m_executor->truncate(0); !done)
        return fail(done.error());
    return m_executor.get();
}

} // namespace alcove::engine
