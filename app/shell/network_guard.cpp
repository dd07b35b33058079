#include "app/shell/network_guard.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>

namespace alcove::shell {

namespace {

class DenyingManager : public QNetworkAccessManager
{
public:
    using QNetworkAccessManager::QNetworkAccessManager;

protected:
    QNetworkReply *createRequest(Operation, const QNetworkRequest &, QIODevice *) override
    {
        // No backend knows this scheme, so the base class answers with an error and does no more.
        const QNetworkRequest nowhere(QUrl(QStringLiteral("denied:")));
        return QNetworkAccessManager::createRequest(GetOperation, nowhere, nullptr);
    }
};

} // namespace

QNetworkAccessManager *NetworkGuard::create(QObject *parent)
{
    return new DenyingManager(parent);
}

} // namespace alcove::shell
