// The starter model on the processor, and machines whose graphics card misbehaves in a known way.
#pragma once

#include "core/cpu/cpu_executor.h"
#include "core/engine/session.h"
#include "tests/support/fixtures.h"

#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <utility>

namespace alcove::test {

inline std::string starterPath()
{
    return std::string(ALCOVE_SOURCE_DIR) + "/resources/models/starter-q8_0.gguf";
}

inline Result<std::unique_ptr<llm::Executor>>
createOnProcessor(const engine::DeviceOption &, std::shared_ptr<const llm::Model> model,
                  const llm::ExecutorOptions &options, const llm::LoadHooks &hooks)
{
    return cpu::createCpuExecutor(std::move(model), options, hooks);
}

// An executor that hands all on to another: the base of those that misbehave in one way.
class WrappedExecutor : public llm::Executor
{
public:
    explicit WrappedExecutor(std::unique_ptr<llm::Executor> real) : m_real(std::move(real)) { }

    const llm::ModelSpec &spec() const override { return m_real->spec(); }
    llm::ExecutorInfo info() const override { return m_real->info(); }
    std::uint32_t capacity() const override { return m_real->capacity(); }
    std::uint32_t length() const override { return m_real->length(); }
    Result<> truncate(std::uint32_t length) override { return m_real->truncate(length); }
    std::uint32_t restorable(std::uint32_t wanted) const override
    {
        return m_real->restorable(wanted);
    }
    Result<> discard(std::uint32_t first, std::uint32_t count) override
    {
        return m_real->discard(first, count);
    }
    Result<> setAdapters(std::span<const llm::AdapterUse> adapters) override
    {
        return m_real->setAdapters(adapters);
    }
    Result<std::vector<float>> forward(std::span<const llm::Token> tokens, llm::LogitRows rows,
                                       const llm::ForwardHooks &hooks) override
    {
        return m_real->forward(tokens, rows, hooks);
    }
    Result<> startSampling(const llm::SamplingParams &params,
                           std::span<const llm::Token> history) override
    {
        return m_real->startSampling(params, history);
    }
    Result<llm::Token> sampleNext() override { return m_real->sampleNext(); }

private:
    std::unique_ptr<llm::Executor> m_real;
};

// A machine with a processor alone.
inline engine::Hardware processorOnly()
{
    engine::Hardware hardware;
    engine::DeviceOption processor;
    processor.name = "Test processor";
    hardware.list.devices.push_back(processor);
    hardware.createExecutor = createOnProcessor;
    return hardware;
}

// A machine with a graphics card too, whose executors `create` makes.
inline engine::Hardware withCard(engine::ExecutorFactory create)
{
    engine::Hardware hardware = processorOnly();
    engine::DeviceOption card;
    card.kind = engine::DeviceKind::Discrete;
    card.name = "Test card";
    hardware.list.devices.insert(hardware.list.devices.begin(), card);
    hardware.createExecutor = [create = std::move(create)](const engine::DeviceOption &device,
                                                           std::shared_ptr<const llm::Model> model,
                                                           const llm::ExecutorOptions &options,
                                                           const llm::LoadHooks &hooks) {
        return device.kind == engine::DeviceKind::Discrete
            ? create(device, std::move(model), options, hooks)
            : createOnProcessor(device, std::move(model), options, hooks);
    };
    return hardware;
}

inline std::unique_ptr<engine::Session> openSession(const engine::Hardware &hardware,
                                                    std::uint32_t contextLength = 0,
                                                    const std::string &path = starterPath())
{
    engine::SessionOptions options;
    options.modelPath = path;
    options.executor.contextLength = contextLength;
    auto session = engine::Session::open(hardware, options);
    if (!session) {
        qWarning("%s", session.error().message.c_str());
        return nullptr;
    }
    return std::move(*session);
}

// A copy of `source` in `folder` with the bytes `from` replaced by `to`, which are as many.
inline std::string patchedCopy(const std::string &source, const QTemporaryDir &folder,
                               std::string_view from, std::string_view to)
{
    std::string bytes = readFile(source);
    const std::size_t at = bytes.find(from);
    if (at == std::string::npos || from.size() != to.size())
        return {};
    bytes.replace(at, to.size(), to);
    const std::string path = folder.filePath(QStringLiteral("patched.gguf")).toStdString();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

inline engine::GenerateOptions greedy(std::uint32_t maxTokens = 0)
{
    engine::GenerateOptions options;
    options.sampling.temperature = 0;
    options.maxTokens = maxTokens;
    return options;
}

// An answer, its text and its tokens.
struct Answer {
    Result<engine::GenerationReport> report;
    std::string text;
    std::vector<llm::Token> tokens;
};

inline Answer ask(engine::Session &session, const std::vector<engine::ChatMessage> &messages,
                  const engine::GenerateOptions &options = greedy())
{
    Answer answer;
    engine::GenerateHooks hooks;
    hooks.text = [&](std::string_view piece) { answer.text += piece; };
    hooks.token = [&](llm::Token token) { answer.tokens.push_back(token); };
    answer.report = session.answer(messages, engine::TemplateFallback::Refuse, options, hooks);
    return answer;
}

} // namespace alcove::test
