// Keeps the window off the network: with this factory no QML item can load anything from an
// address.
//
// Set on the QQmlEngine before any QML is loaded. Needed because text and image items would fetch
// what a model's answer names. Thread-safe, as QQmlNetworkAccessManagerFactory asks for.
#pragma once

#include <QQmlNetworkAccessManagerFactory>

namespace alcove::shell {

class NetworkGuard : public QQmlNetworkAccessManagerFactory
{
public:
    // Every request of the manager fails with QNetworkReply::ProtocolUnknownError, and no socket
    // opens.
    QNetworkAccessManager *create(QObject *parent) override;
};

} // namespace alcove::shell
