// What the tests of the processor's executor share.
#pragma once

#include "core/cpu/cpu_executor.h"
#include "core/cpu/kernels.h"
#include "tests/support/executor_checks.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace alcove::test {

inline std::shared_ptr<const llm::Model> openModel(const std::string &path)
{
    auto opened = llm::Model::open(path);
    return opened ? *opened : nullptr;
}

inline std::shared_ptr<const llm::Model> openFixture(const char *name)
{
    return openModel(fixture(std::string(name) + ".gguf"));
}

inline std::unique_ptr<llm::Executor> create(const std::shared_ptr<const llm::Model> &model,
                                             const llm::ExecutorOptions &options,
                                             const cpu::KernelTable &kernels = cpu::bestKernels())
{
    auto executor = cpu::createCpuExecutorWith(kernels, model, options);
    return executor ? std::move(*executor) : nullptr;
}

inline llm::ExecutorOptions contextOf(std::uint32_t positions,
                                      llm::KvFormat format = llm::KvFormat::F16)
{
    llm::ExecutorOptions options;
    options.contextLength = positions;
    options.kvFormat = format;
    return options;
}

// Whether a matrix of the model is multiplied in 8 bits.
inline bool quantised(const llm::Model &model)
{
    const auto tensors = model.file().tensors();
    return std::any_of(tensors.begin(), tensors.end(), [](const llm::Tensor &tensor) {
        return tensor.rank > 1 && cpu::usesInt8Activations(tensor.type);
    });
}

inline std::vector<llm::Token> someTokens(std::size_t count, std::uint32_t vocabulary)
{
    std::vector<llm::Token> tokens(count);
    for (std::size_t i = 0; i < count; ++i)
        tokens[i] = llm::Token((7 + i * 37 + i * i % 11) % vocabulary);
    return tokens;
}

} // namespace alcove::test

// Opens the model at `path`; skips what no reader of specifications knows.
#define ALCOVE_OPEN_OR_SKIP(variable, path)                                                        \
    std::shared_ptr<const llm::Model> variable;                                                    \
    {                                                                                              \
        auto opened_ = llm::Model::open(path);                                                     \
        if (!opened_ && opened_.error().code == ErrorCode::Unsupported)                            \
            QSKIP(opened_.error().message.c_str());                                                \
        QVERIFY2(opened_, opened_ ? "" : opened_.error().message.c_str());                         \
        variable = *opened_;                                                                       \
    }
