// The log: a rotating file in the data folder, and warnings on stderr; Qt's messages go the same
// way.
//
// What may be logged: what Alcove did, with sizes, times, names of models and devices, error codes.
// Never the words of a chat, of a document or of a search, and no prompts: not at any level. An
// Error is made for this: its message and detail hold none of them.
//
// Write with spdlog::info(...) and friends, or qCInfo(category): any thread, between start() and
// stop(), which are called once each by main() on the GUI thread. Nothing is kept but spdlog's
// default logger.
#pragma once

#include "core/base/result.h"

#include <QString>

namespace alcove::log {

enum class Verbosity {
    Normal, // information, warnings, errors
    Debug, // everything
};

struct Options {
    QString path; // its folder is created, for its owner only
    qint64 fileBytes = 1024 * 1024;
    int files = 3; // the one being written, and older ones
    Verbosity verbosity = Verbosity::Normal;
};

// Io: the file cannot be written; stderr is used alone then, so the app can go on.
Result<> start(const Options &options);

// Writes out what is pending and gives Qt its own handler back.
void stop();

// One line with the error's code, message and detail; cancelled ones are no errors and leave none.
void write(const Error &error, const char *where);

} // namespace alcove::log
