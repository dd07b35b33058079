// Settings: the user's choices, kept in the database's settings table and in memory.
//
// Lives on the GUI thread; reads are from memory; each change is written at once by the storage
// thread. Unknown or out-of-range stored values fall back to the default. No secrets here.
// The keys, their defaults and ranges: settings_rules.h.
#pragma once

#include "core/base/result.h"

#include <QObject>
#include <QString>
#include <QVariant>
#include <QVariantMap>
#include <optional>

namespace alcove::storage {

class StorageThread;

class Settings : public QObject
{
    Q_OBJECT
public:
    // Reads every setting once, before the window is shown.
    Settings(StorageThread &storage, QObject *parent = nullptr);

    // Why the stored settings could not be read; all values are the defaults then.
    const std::optional<Error> &loadError() const { return m_loadError; }

    // What is stored, else what setDefaults() says, else the setting's default, else `fallback`.
    QVariant value(const QString &key, const QVariant &fallback = {}) const;
    // Saved at once. What the rules do not allow changes nothing: saveFailed says what is allowed.
    void setValue(const QString &key, const QVariant &value);
    void remove(const QString &key); // back to the default
    // Other defaults until the next call (the loaded model's own); what the rules do not allow is
    // left out. Not saved.
    void setDefaults(const QVariantMap &defaults);

signals:
    void changed(const QString &key);
    void saveFailed(const alcove::Error &error);

private:
    StorageThread &m_storage;
    QVariantMap m_values; // valid ones, in their settings' types
    QVariantMap m_defaults; // likewise
    std::optional<Error> m_loadError;
};

} // namespace alcove::storage
