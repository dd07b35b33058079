#include "core/documents/document_reader.h"

#include "core/documents/text_codec.h"

#include <nlohmann/json.hpp>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QFileInfo>
#include <QProcess>
#include <QProcessEnvironment>

#include <cstdlib>
#include <span>

namespace alcove::documents {

namespace {

constexpr int kStartMs = 30'000;
constexpr int kSliceMs = 50; // how soon a cancel is seen

void end(QProcess &process)
{
    process.kill();
    process.waitForFinished(kStartMs);
}

// The last "3 of 40" of the lines so far; what is left behind is an unfinished line.
bool takeProgress(QByteArray &lines, std::uint32_t &page, std::uint32_t &pages)
{
    bool any = false;
    for (qsizetype at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n')) {
        const QList<QByteArray> words = lines.left(at).split(' ');
        lines.remove(0, at + 1);
        if (words.size() == 3 && words[1] == "of") {
            page = words[0].toUInt();
            pages = words[2].toUInt();
            any = true;
        }
    }
    if (lines.size() > 4096) // a library that talks
        lines.clear();
    return any;
}

} // namespace

QString DocumentReader::programBeside()
{
    QString name = QStringLiteral("alcove-reader");
#ifdef Q_OS_WIN
    name += QStringLiteral(".exe");
#endif
    return QDir(QCoreApplication::applicationDirPath()).filePath(name);
}

namespace {

std::span<const std::uint8_t> bytesOf(const QByteArray &answer)
{
    return {reinterpret_cast<const std::uint8_t *>(answer.constData()), std::size_t(answer.size())};
}

} // namespace

Result<DocumentText>
DocumentReader::read(const ReadRequest &request, const CancelToken &cancel,
                     const std::function<void(std::uint32_t, std::uint32_t)> &progress) const
{
    const auto answer = run(reader_process::encodeRequest(request, m_bounds.memoryBytes),
                            m_bounds.answerBytes, cancel, progress);
    return answer ? decodeOutcome(bytesOf(*answer)) : fail(answer.error());
}

Result<PagePicture> DocumentReader::picture(const PictureRequest &request,
                                            const CancelToken &cancel) const
{
    const auto answer = run(reader_process::encodeRequest(request, m_bounds.memoryBytes),
                            kMostPictureBytes, cancel, {});
    return answer ? decodePicture(bytesOf(*answer)) : fail(answer.error());
}

Result<QByteArray>
DocumentReader::run(const std::string &order, std::uint64_t mostBytes, const CancelToken &cancel,
                    const std::function<void(std::uint32_t, std::uint32_t)> &progress) const
{
    if (cancel.cancelled())
        return fail(ErrorCode::Cancelled, "Reading was stopped.");
    if (!QFileInfo(m_program).isExecutable())
        return fail(ErrorCode::NotFound,
                    "The program that reads documents is missing from this installation.",
                    m_program.toStdString());
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
    environment.insert(QStringLiteral("OMP_THREAD_LIMIT"), QStringLiteral("2")); // Tesseract
    process.setProcessEnvironment(environment);
    process.start(m_program, {});
    if (!process.waitForStarted(kStartMs))
        return fail(ErrorCode::Internal, "The program that reads documents could not be started.",
                    process.errorString().toStdString());
    process.write(order.data(), qint64(order.size()));
    process.write("\n", 1);
    process.closeWriteChannel();

    QByteArray answer;
    QByteArray lines;
    QDeadlineTimer deadline(m_bounds.silentMs);
    while (process.state() != QProcess::NotRunning) {
        process.waitForFinished(kSliceMs);
        if (cancel.cancelled()) {
            end(process);
            return fail(ErrorCode::Cancelled, "Reading was stopped.");
        }
        answer += process.readAllStandardOutput();
        lines += process.readAllStandardError();
        std::uint32_t page = 0;
        std::uint32_t pages = 0;
        if (takeProgress(lines, page, pages)) {
            deadline.setRemainingTime(m_bounds.silentMs);
            if (progress)
                progress(page, pages);
        }
        if (deadline.hasExpired()) {
            end(process);
            return fail(ErrorCode::TimedOut, "The file takes too long to read.");
        }
        if (std::uint64_t(answer.size()) > mostBytes) {
            end(process);
            return fail(ErrorCode::Unsupported, "The file holds more text than can be taken in.");
        }
    }
    answer += process.readAllStandardOutput();
    if (process.exitStatus() != QProcess::NormalExit || process.exitCode() != EXIT_SUCCESS)
        return fail(ErrorCode::InvalidFile,
                    "The file could not be read: the program that reads it stopped over it. It may "
                    "be damaged.",
                    "exit code " + std::to_string(process.exitCode()));
    return answer;
}

namespace reader_process {

std::string encodeRequest(const ReadRequest &request, std::uint64_t memoryBytes)
{
    const nlohmann::json line{{"path", request.path},
                              {"password", request.password},
                              {"recognise", request.recognise},
                              {"memory", memoryBytes}};
    return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string encodeRequest(const PictureRequest &request, std::uint64_t memoryBytes)
{
    const nlohmann::json line{{"draw", request.page},         {"path", request.path},
                              {"password", request.password}, {"width", request.width},
                              {"passage", request.passage},   {"memory", memoryBytes}};
    return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

Result<Order> decodeRequest(const std::string &line)
{
    const auto in = nlohmann::json::parse(line, nullptr, false);
    try {
        Order order;
        order.request.path = in.at("path").get<std::string>();
        order.request.password = in.at("password").get<std::string>();
        order.memoryBytes = in.at("memory").get<std::uint64_t>();
        if (in.contains("draw")) {
            PictureRequest picture;
            picture.path = order.request.path;
            picture.password = order.request.password;
            picture.page = in.at("draw").get<std::uint32_t>();
            picture.width = in.at("width").get<std::uint32_t>();
            picture.passage = in.at("passage").get<std::string>();
            order.picture = std::move(picture);
        } else {
            order.request.recognise = in.at("recognise").get<bool>();
        }
        return order;
    } catch (const nlohmann::json::exception &exception) {
        return fail(ErrorCode::InvalidArgument, "The request is not understood.", exception.what());
    }
}

} // namespace reader_process

} // namespace alcove::documents
