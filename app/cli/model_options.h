// The options that have to do with running a model, the same for every command.
// Main thread. Usage failures for values that cannot be read.
#pragma once

#include "app/cli/command.h"
#include "core/engine/session.h"

#include <memory>

namespace alcove::cli {

// --device, --threads, --context, --kv and --lora, for the model at `path`.
Parsed<engine::SessionOptions> sessionOptions(const Arguments &arguments, std::string path,
                                              engine::Vocabulary vocabulary);

// This machine's devices; compiled pipelines are kept under --data-dir when that is given.
engine::Hardware hardwareOf(const Arguments &arguments);

// Loads the model; warnings go to `environment.err`.
tl::expected<std::unique_ptr<engine::Session>, Failure>
openSession(const Environment &environment, const engine::Hardware &hardware,
            const engine::SessionOptions &options);

} // namespace alcove::cli
