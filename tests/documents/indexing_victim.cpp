// Takes a folder into an index, until it is done or killed: indexing_victim DATABASE FOLDER.

#include "core/documents/document_service.h"

#include <QCoreApplication>

#include <cstdio>

using namespace alcove;
using namespace alcove::documents;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (argc != 3)
        return 2;
    auto service =
        DocumentService::open(QString::fromLocal8Bit(argv[1]),
                              DocumentReader(QStringLiteral(ALCOVE_BIN_DIR "/alcove-reader")));
    if (!service) {
        std::fprintf(stderr, "%s\n", service.error().message.c_str());
        return 1;
    }
    bool queued = false;
    QObject::connect(service->get(), &DocumentService::finished, &app, [&] {
        if (queued)
            QCoreApplication::quit();
    });
    QObject::connect(service->get(), &DocumentService::failed, &app, [](const Error &error) {
        std::fprintf(stderr, "%s %s\n", error.message.c_str(), error.detail.c_str());
        QCoreApplication::exit(1);
    });
    QObject::connect(service->get(), &DocumentService::queued, &app, [&] { queued = true; });
    (*service)->start();
    (*service)->add({QString::fromLocal8Bit(argv[2])}, QStringLiteral("All"));
    return QCoreApplication::exec();
}
