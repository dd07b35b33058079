// Settings: the user's choices, kept in the database's settings table and in memory.
//
// Lives on the GUI thread; reads are from memory; each change is written at once by the storage
// thread. Unknown or out-of-range stored values fall back to the default. No secrets here.
#pragma once

#include "core/base/result.h"

#include <QObject>
#include <QString>
#include <QVariant>
#include <QVariantMap>

namespace alcove::storage {

class StorageThread;

class Settings : public QObject
{
    Q_OBJECT
public:
    // Reads every setting once, before the window is shown.
    Settings(StorageThread &storage, QObject *parent = nullptr);

    QVariant value(const QString &key, const QVariant &fallback = {}) const;
    void setValue(const QString &key, const QVariant &value); // saved at once
    void remove(const QString &key);                          // back to the default

signals:
    void changed(const QString &key);
    void saveFailed(const alcove::Error &error);

private:
    StorageThread &m_storage;
    QVariantMap m_values;
};

// Keys: device, threads, contextLength, temperature, topK, topP, minP, repeatPenalty,
// presencePenalty, frequencyPenalty, seed, maxTokens, systemPrompt, theme (system|light|dark),
// fontScale, sendWithEnter, lastModel, modelFolders, window.*

} // namespace alcove::storage
