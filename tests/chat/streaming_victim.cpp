// The program that tst_kill kills: it sends one prompt after the other through the real
// ChatService, StorageThread and InferenceEngine, with the starter model on the processor, and
// reports on stdout, a line each and unbuffered, what the user has seen:
//   P <prompt in hex>                       a prompt was accepted
//
//   R <message> <nanoseconds> <text in hex> a part of the reasoning was shown (monotonic clock)
//
//   T <message> <nanoseconds> <text in hex> a part of an answer was shown
//
//   F <message>                             an answer ended
//
// Arguments: DATABASE MODEL PREFIX; prompts are "PREFIX 0", "PREFIX 1", ...
#include "core/chat/chat_service.h"
#include "core/engine/inference_engine.h"
#include "core/storage/storage_thread.h"

#include <QCoreApplication>

#include <chrono>
#include <cstdio>

#ifndef _WIN32
#include <unistd.h>
#endif

using namespace alcove;
using namespace alcove::chat;

namespace {

constexpr quint32 kAnswerTokens = 1500; // then the next prompt is sent
constexpr int kReasoningPieces = 30; // at the beginning of what the model writes

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

// Passes everything on, the beginning of each answer as reasoning; answers go on beyond the end the
// model would give them, so that there is something to cut off.
class EndlessEngine : public engine::ChatEngine
{
public:
    EndlessEngine()
    {
        using engine::ChatEngine;
        connect(&m_engine, &ChatEngine::loadFinished, this, &ChatEngine::loadFinished);
        connect(&m_engine, &ChatEngine::loadFailed, this, &ChatEngine::loadFailed);
        connect(&m_engine, &ChatEngine::promptProgress, this, &ChatEngine::promptProgress);
        connect(&m_engine, &ChatEngine::textAppended, this,
                [this](quint64 id, const QString &text) {
                    if (m_reasoned >= kReasoningPieces) {
                        emit textAppended(id, text);
                        return;
                    }
                    ++m_reasoned;
                    emit reasoningAppended(id, text);
                });
        connect(&m_engine, &ChatEngine::generationFinished, this, &ChatEngine::generationFinished);
        connect(&m_engine, &ChatEngine::generationFailed, this, &ChatEngine::generationFailed);
    }
    void load(const engine::LoadRequest &request) override { m_engine.load(request); }
    void cancelLoad() override { m_engine.cancelLoad(); }
    void unload() override { m_engine.unload(); }
    void generate(const engine::GenerateRequest &request) override
    {
        engine::GenerateRequest endless = request;
        endless.ignoreEndOfTurn = true;
        m_reasoned = 0;
        m_engine.generate(endless);
    }
    void stop() override { m_engine.stop(); }

private:
    engine::InferenceEngine m_engine;
    int m_reasoned = 0; // pieces of this answer
};

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
    if (arguments.size() != 4)
        return 2;
    auto storage = storage::StorageThread::open(arguments.at(1));
    if (!storage) {
        std::fprintf(stderr, "%s (%s)\n", storage.error().message.c_str(),
                     storage.error().detail.c_str());
        return 1;
    }
    EndlessEngine engine;
    ChatService service(**storage, engine);
    AnswerOptions options;
    options.maxTokens = kAnswerTokens;
    service.setAnswerOptions(options);
    int number = 0;
    const auto sendNext = [&](ChatId chat) {
        service.sendPrompt(chat, QStringLiteral("%1 %2").arg(arguments.at(3)).arg(number++));
    };
    QObject::connect(&service, &ChatService::messageAdded, [](ChatId, const Message &message) {
        if (message.role == engine::Role::User)
            report("P " + message.text.toUtf8().toHex());
    });
    const auto reportPiece = [](const char *kind) {
        return [kind](ChatId, MessageId message, const QString &text) {
            report(kind + QByteArray::number(message) + ' ' + now() + ' ' + text.toUtf8().toHex());
        };
    };
    QObject::connect(&service, &ChatService::answerReasoningAppended, reportPiece("R "));
    QObject::connect(&service, &ChatService::answerTextAppended, reportPiece("T "));
    QObject::connect(&service, &ChatService::answerFinished,
                     [&](ChatId chat, const Message &message) {
                         report("F " + QByteArray::number(message.id));
                         sendNext(chat);
                     });
    QObject::connect(&service, &ChatService::failed, [](const Error &error) {
        std::fprintf(stderr, "%s (%s)\n", error.message.c_str(), error.detail.c_str());
        std::exit(1);
    });
    QObject::connect(&engine, &engine::ChatEngine::loadFinished, [&] { sendNext(kNoId); });
    QObject::connect(&engine, &engine::ChatEngine::loadFailed, [](quint64, const Error &error) {
        std::fprintf(stderr, "%s (%s)\n", error.message.c_str(), error.detail.c_str());
        std::exit(1);
    });
    engine::LoadRequest load;
    load.id = 1;
    load.modelPath = arguments.at(2);
    load.device = QStringLiteral("cpu");
    load.threads = 1; // there are several victims at a time
    engine.load(load);
    return QCoreApplication::exec();
}
