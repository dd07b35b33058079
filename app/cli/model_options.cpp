#include "app/cli/model_options.h"

#include "core/llm/kv_format.h"

#include <charconv>
#include <cmath>

namespace alcove::cli {

namespace {

// FILE or FILE=SCALE. What follows the last "=" of a file's own name is no number, or the file is
// given with a scale.
Parsed<engine::AdapterFile> adapterOf(const std::string &text)
{
    engine::AdapterFile file;
    file.path = text;
    const std::size_t sign = text.rfind('=');
    if (sign != std::string::npos) {
        const char *const end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + sign + 1, end, file.scale);
        if (read.ec != std::errc() || read.ptr != end)
            file.scale = 1.0f;
        else
            file.path.resize(sign);
    }
    if (file.path.empty() || !std::isfinite(file.scale))
        return usageFailure("The option --lora needs a file, and after \"=\" its scale, not \""
                            + text + "\".");
    return file;
}

} // namespace

Parsed<engine::SessionOptions> sessionOptions(const Arguments &arguments, std::string path,
                                              engine::Vocabulary vocabulary)
{
    engine::SessionOptions options;
    options.modelPath = std::move(path);
    options.vocabulary = vocabulary;
    auto device = engine::DeviceRequest::parse(arguments.valueOr("--device", "auto"));
    if (!device)
        return usageFailure(device.error().message);
    options.device = *device;
    auto threads = arguments.integer("--threads", 0, 1, 1024);
    if (!threads)
        return tl::unexpected(threads.error());
    options.executor.threads = std::uint32_t(*threads);
    auto context = arguments.integer("--context", 0, 1, 1u << 24);
    if (!context)
        return tl::unexpected(context.error());
    options.executor.contextLength = std::uint32_t(*context);
    const std::string kv = arguments.valueOr("--kv", "f16");
    if (!llm::setKvFormat(kv, options.executor))
        return usageFailure("The option --kv needs f32, f16, q8_0 or q8_0/q4_0, not \"" + kv
                            + "\".");
    for (const std::string &text : arguments.values("--lora")) {
        auto adapter = adapterOf(text);
        if (!adapter)
            return tl::unexpected(adapter.error());
        options.adapters.push_back(std::move(*adapter));
    }
    return options;
}

engine::Hardware hardwareOf(const Arguments &arguments)
{
    const std::string folder = arguments.valueOr("--data-dir", {});
    return engine::Hardware::ofThisMachine(folder.empty() ? folder : folder + "/cache");
}

tl::expected<std::unique_ptr<engine::Session>, Failure>
openSession(const Environment &environment, const engine::Hardware &hardware,
            const engine::SessionOptions &options)
{
    auto session = engine::Session::open(hardware, options);
    if (!session)
        return failure(session.error());
    if (!(*session)->info().warning.empty())
        environment.err << (*session)->info().warning << std::endl;
    return std::move(*session);
}

} // namespace alcove::cli
