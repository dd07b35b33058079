// The program that tst_kill kills: it sends one prompt after the other through the real ChatService
// and StorageThread and reports on stdout, a line each and unbuffered, what the user has seen:
//   P <prompt in hex>                       a prompt was accepted
//   T <message> <nanoseconds> <text in hex> a part of an answer was shown, by the monotonic clock
//   F <message>                             an answer ended
// Arguments: DATABASE PREFIX; prompts are "PREFIX 0", "PREFIX 1", ...
#include "core/chat/chat_service.h"
#include "core/storage/storage_thread.h"
#include "paced_engine.h"

#include <QCoreApplication>

#include <chrono>
#include <cstdio>

#ifndef _WIN32
#include <unistd.h>
#endif

using namespace alcove;
using namespace alcove::chat;

namespace {

void report(const QByteArray &line)
{
    const QByteArray whole = line + '\n';
#ifdef _WIN32
    std::fwrite(whole.constData(), 1, std::size_t(whole.size()), stdout);
    std::fflush(stdout);
#else
    // One write of less than PIPE_BUF: there all at once, or not at all.
    if (::write(STDOUT_FILENO, whole.constData(), std::size_t(whole.size())) < 0)
        std::exit(3);
#endif
}

QByteArray now()
{
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return QByteArray::number(
        qint64(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()));
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = QCoreApplication::arguments();
    if (arguments.size() != 3)
        return 2;
    auto storage = storage::StorageThread::open(arguments.at(1));
    if (!storage) {
        std::fprintf(stderr, "%s (%s)\n", storage.error().message.c_str(),
                     storage.error().detail.c_str());
        return 1;
    }
    test::PacedEngine engine;
    engine.words = QStringList(400, QStringLiteral("words of the answer "));
    engine.interval = 5;
    ChatService service(**storage, engine);
    int number = 0;
    const auto sendNext = [&](ChatId chat) {
        service.sendPrompt(chat, QStringLiteral("%1 %2").arg(arguments.at(2)).arg(number++));
    };
    QObject::connect(&service, &ChatService::messageAdded, [](ChatId, const Message &message) {
        if (message.role == engine::Role::User)
            report("P " + message.text.toUtf8().toHex());
    });
    QObject::connect(&service, &ChatService::answerTextAppended,
                     [](ChatId, MessageId message, const QString &text) {
                         report("T " + QByteArray::number(message) + ' ' + now() + ' '
                                + text.toUtf8().toHex());
                     });
    QObject::connect(&service, &ChatService::answerFinished,
                     [&](ChatId chat, const Message &message) {
                         report("F " + QByteArray::number(message.id));
                         sendNext(chat);
                     });
    QObject::connect(&service, &ChatService::failed, [](const Error &error) {
        std::fprintf(stderr, "%s (%s)\n", error.message.c_str(), error.detail.c_str());
        std::exit(1);
    });
    sendNext(kNoId);
    return QCoreApplication::exec();
}
