#include "core/log/log.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QtGlobal>

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <vector>

namespace alcove::log {

namespace {

constexpr const char *kLine = "%Y-%m-%dT%H:%M:%S.%e%z %l [%t] %v";

spdlog::level::level_enum levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return spdlog::level::debug;
    case QtInfoMsg:
        return spdlog::level::info;
    case QtWarningMsg:
        return spdlog::level::warn;
    case QtCriticalMsg:
        return spdlog::level::err;
    case QtFatalMsg:
        return spdlog::level::critical; // Qt ends the program itself afterwards
    }
    return spdlog::level::warn;
}

void routeQtMessage(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const char *category = context.category ? context.category : "default";
    spdlog::log(levelOf(type), "{}: {}", category, message.toStdString());
    if (type == QtFatalMsg)
        spdlog::default_logger()->flush();
}

spdlog::filename_t fileName(const QString &path)
{
#ifdef SPDLOG_WCHAR_FILENAMES
    return path.toStdWString();
#else
    return QFile::encodeName(path).toStdString();
#endif
}

void ownerOnly(const QString &folder)
{
    QFile::setPermissions(folder,
                          QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
}

} // namespace

Result<> start(const Options &options)
{
    Result<> outcome;
    std::vector<spdlog::sink_ptr> sinks;
    auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    console->set_level(options.verbosity == Verbosity::Debug ? spdlog::level::debug
                                                             : spdlog::level::warn);
    sinks.push_back(console);
    const QString folder = QFileInfo(options.path).absolutePath();
    if (!QFileInfo(folder).isDir() && QDir().mkpath(folder))
        ownerOnly(folder);
    try {
        // spdlog counts the older files only.
        sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
            fileName(options.path), std::size_t(std::max<qint64>(options.fileBytes, 1)),
            std::size_t(std::max(options.files, 1) - 1)));
    } catch (const std::exception &exception) {
        outcome = fail(ErrorCode::Io,
                       "The log file " + options.path.toStdString()
                           + " cannot be written. Alcove goes on without it.",
                       exception.what());
    }
    auto logger = std::make_shared<spdlog::logger>("", sinks.begin(), sinks.end());
    logger->set_level(options.verbosity == Verbosity::Debug ? spdlog::level::debug
                                                            : spdlog::level::info);
    logger->set_pattern(kLine);
    // The last lines before a crash are the ones that matter.
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    qInstallMessageHandler(routeQtMessage);
    return outcome;
}

void stop()
{
    qInstallMessageHandler(nullptr);
    spdlog::default_logger()->flush();
    // A late message from a static's destructor still finds a logger, but no file.
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
}

void write(const Error &error, const char *where)
{
    if (error.cancelled())
        return;
    spdlog::error("{}: {} (code {}{}{})", where, error.message, int(error.code),
                  error.detail.empty() ? "" : "; ", error.detail);
}

} // namespace alcove::log
