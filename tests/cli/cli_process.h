// Runs build/.../bin/alcove-cli as a user's shell would, and collects what it said.
#pragma once

#include "tests/support/fixtures.h"

#include <QByteArray>
#include <QFloat16>
#include <QProcess>
#include <QStringList>
#include <QTest>

namespace alcove::test {

inline constexpr int kPatience = 240'000; // milliseconds; never waited for unless something hangs

inline QString cliPath()
{
#ifdef _WIN32
    return QStringLiteral(ALCOVE_BIN_DIR "/alcove-cli.exe");
#else
    return QStringLiteral(ALCOVE_BIN_DIR "/alcove-cli");
#endif
}

inline QString starter()
{
    return QStringLiteral(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf");
}

struct CliResult {
    int exitCode = -1; // -1: it crashed or hung
    QByteArray out;
    QByteArray err;

    nlohmann::ordered_json json() const
    {
        return nlohmann::ordered_json::parse(out.toStdString(), nullptr, false);
    }
};

inline CliResult runCli(const QStringList &arguments, const QByteArray &input = {})
{
    QProcess process;
    process.start(cliPath(), arguments);
    CliResult result;
    if (!process.waitForStarted(kPatience))
        return result;
    process.write(input);
    process.closeWriteChannel();
    const bool ended = process.waitForFinished(kPatience);
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    if (result.err.contains("Vulkan validation:")) // which ends the test (AlcoveHelpers.cmake)
        qWarning("%s", result.err.constData());
    if (ended && process.exitStatus() == QProcess::NormalExit)
        result.exitCode = process.exitCode();
    else
        process.kill();
    return result;
}

// One line on standard error that reads like a sentence.
inline bool isOneSentence(const QByteArray &err)
{
    const QByteArray text = err.trimmed();
    return !text.isEmpty() && !text.contains('\n') && text.endsWith('.');
}

} // namespace alcove::test
