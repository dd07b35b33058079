// Writes the file that tst_database_file keeps of the current schema version, with the chats it
// looks for. Run once when a version is released: make_saved_version tests/storage/data/vN.sqlite3
#include "storage_fixture.h"

#include <cstdio>

using namespace alcove;
using namespace alcove::storage;

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    test::StoreFixture f;
    const Conversation capitals =
        f.turn(kNoId, QStringLiteral("What is the capital of Slovenia?"),
               QStringLiteral("It is Lubljana."), 1, QStringLiteral("Capitals of Europe"));
    auto again = f.chats().addAnswer(capitals.branch[1].id, f.draft(2));
    f.finish(*again, QStringLiteral("It is Ljubljana."));
    auto more =
        f.chats().addPrompt(capitals.chat.id, {}, QStringLiteral("And of Malta?"), f.draft(3));
    Message answer = more->branch.last();
    answer.state = MessageState::Stopped;
    answer.text = QStringLiteral("Vall");
    answer.answerTokens = 2;
    answer.decodeSeconds = 0.25;
    answer.reasoning = QStringLiteral("The capital of Malta.");
    answer.reasoningSeconds = 1.5;
    answer.passagesRead = 2;
    answer.citations = {{1, QStringLiteral("/atlas.pdf"), QStringLiteral("Atlas"), 1,
                         QStringLiteral("7"), 10, 18, QStringLiteral("Valletta"),
                         QStringLiteral("ab12")}};
    (void)f.chats().finishAnswer(answer);
    (void)f.chats().setCollections(capitals.chat.id, {QStringLiteral("Atlases")});

    auto crash = f.chats().addPrompt(kNoId, QStringLiteral("A crash"),
                                     QStringLiteral("Was it saved?"), f.draft(1));
    (void)f.chats().appendPiece(crash->branch.last().id, 0,
                                {QStringLiteral("It was saved "), QStringLiteral("Was it?"), 0.5});
    (void)f.chats().appendPiece(crash->branch.last().id, 1,
                                {QStringLiteral("in two pieces."), {}, 0.5});

    const Conversation pinned = f.turn(kNoId, QStringLiteral("Remember"), QStringLiteral("I do."),
                                       0, QStringLiteral("Pinned"));
    (void)f.chats().setPinned(pinned.chat.id, true);
    const Conversation gone = f.turn(kNoId, QStringLiteral("Forget"), QStringLiteral("Ljubljana"),
                                     5, QStringLiteral("Gone"));
    (void)f.chats().remove(gone.chat.id, f.time(6));
    (void)f.store->settings().save(QStringLiteral("temperature"), 0.3);

    // Into one file without a log beside it.
    (void)f.database().run("VACUUM INTO ?1", QString::fromLocal8Bit(argv[1]));
    auto saved =
        storage::Database::open(QString::fromLocal8Bit(argv[1]), storage::Database::Mode::ReadOnly);
    if (!saved) {
        std::fprintf(stderr, "%s\n", saved.error().message.c_str());
        return 1;
    }
    std::printf("%lld messages\n", saved->number("SELECT count(*) FROM messages").value_or(-1));
    return 0;
}
