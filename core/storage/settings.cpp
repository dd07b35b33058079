#include "core/storage/settings.h"

#include "core/storage/settings_rules.h"
#include "core/storage/storage_thread.h"

namespace alcove::storage {

Settings::Settings(StorageThread &storage, QObject *parent) : QObject(parent), m_storage(storage)
{
    const auto stored = m_storage.runBlocking([](Store &store) { return store.settings().load(); });
    if (!stored) {
        m_loadError = stored.error();
        return;
    }
    for (auto entry = stored->begin(); entry != stored->end(); ++entry) {
        if (auto valid = checkedSetting(entry.key(), entry.value()))
            m_values.insert(entry.key(), *valid);
    }
}

QVariant Settings::value(const QString &key, const QVariant &fallback) const
{
    const auto stored = m_values.constFind(key);
    if (stored != m_values.constEnd())
        return *stored;
    const auto other = m_defaults.constFind(key);
    if (other != m_defaults.constEnd())
        return *other;
    const QVariant standard = settingDefault(key);
    return standard.isValid() ? standard : fallback;
}

void Settings::setValue(const QString &key, const QVariant &value)
{
    const auto valid = checkedSetting(key, value);
    if (!valid) {
        emit saveFailed(valid.error());
        return;
    }
    if (m_values.contains(key) && m_values.value(key) == *valid)
        return;
    m_values.insert(key, *valid);
    m_storage.run(
        this, [key, stored = *valid](Store &store) { return store.settings().save(key, stored); },
        [this](Result<> saved) {
            if (!saved)
                emit saveFailed(saved.error());
        });
    emit changed(key);
}

void Settings::remove(const QString &key)
{
    if (m_values.remove(key) == 0)
        return;
    m_storage.run(
        this, [key](Store &store) { return store.settings().remove(key); },
        [this](Result<> saved) {
            if (!saved)
                emit saveFailed(saved.error());
        });
    emit changed(key);
}

void Settings::setDefaults(const QVariantMap &defaults)
{
    QVariantMap before;
    for (const QString &key : m_defaults.keys() + defaults.keys())
        before.insert(key, value(key));
    m_defaults.clear();
    for (auto entry = defaults.begin(); entry != defaults.end(); ++entry) {
        if (auto valid = checkedSetting(entry.key(), entry.value()))
            m_defaults.insert(entry.key(), *valid);
    }
    for (auto entry = before.begin(); entry != before.end(); ++entry) {
        if (value(entry.key()) != entry.value())
            emit changed(entry.key());
    }
}

} // namespace alcove::storage
