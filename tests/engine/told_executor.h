// A model that writes what the test says: the starter model, whose draws are told beforehand, under
// a chat template that knows reasoning and tool calls.
#pragma once

#include "session_support.h"

namespace alcove::test {

// The processor's executor, with the draws told beforehand; the last one is the end of a turn.
class ToldExecutor : public WrappedExecutor
{
public:
    ToldExecutor(std::unique_ptr<llm::Executor> real, std::vector<llm::Token> draws)
        : WrappedExecutor(std::move(real)), m_draws(std::move(draws))
    { }

    Result<> startSampling(const llm::SamplingParams &params,
                           std::span<const llm::Token> history) override
    {
        m_next = 0;
        return WrappedExecutor::startSampling(params, history);
    }
    Result<llm::Token> sampleNext() override
    {
        return m_next < m_draws.size() ? m_draws[m_next++] : m_draws.back();
    }

private:
    std::vector<llm::Token> m_draws;
    std::size_t m_next = 0;
};

// A copy of the starter model with another template of the same length; `opening` is what the
// template begins an answer with ("<think>\\n").
inline std::string modelThatThinks(const QTemporaryDir &folder, const std::string &opening)
{
    const std::string old =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + "
        "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ "
        "'<|im_start|>assistant\\n' }}{% endif %}";
    std::string chatTemplate =
        "{% for m in messages %}{{'<|im_start|>'+m['role']+'\\n'+m['content']+'<|im_end|>\\n'}}"
        "{% endfor %}{{'<|im_start|>assistant\\n"
        + opening + "'}}{#</think><tool_call>";
    if (chatTemplate.size() + 2 > old.size())
        qFatal("the template is too long");
    chatTemplate += std::string(old.size() - 2 - chatTemplate.size(), ' ') + "#}";
    return patchedCopy(starterPath(), folder, old, chatTemplate);
}

// A machine on which every answer is `text`.
inline engine::Hardware hardwareThatWrites(const std::string &text)
{
    return withCard([text](const engine::DeviceOption &device,
                           std::shared_ptr<const llm::Model> model,
                           const llm::ExecutorOptions &options,
                           const llm::LoadHooks &hooks) -> Result<std::unique_ptr<llm::Executor>> {
        const auto tokenizer = llm::Tokenizer::create(model->file());
        if (!tokenizer)
            return fail(tokenizer.error());
        std::vector<llm::Token> draws =
            (*tokenizer)->encode(text, llm::AddSpecial::No, llm::ParseSpecial::No);
        draws.push_back(*(*tokenizer)->eos());
        auto real = createOnProcessor(device, std::move(model), options, hooks);
        if (!real)
            return fail(real.error());
        return std::make_unique<ToldExecutor>(std::move(*real), std::move(draws));
    });
}

} // namespace alcove::test
