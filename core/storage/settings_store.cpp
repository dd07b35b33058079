#include "core/storage/settings_store.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonValue>

namespace alcove::storage {

namespace {

// Qt writes arrays and objects only, so a value travels as an array of one, without its brackets.
QString toJson(const QVariant &value)
{
    const QJsonDocument document(QJsonArray{QJsonValue::fromVariant(value)});
    const QByteArray json = document.toJson(QJsonDocument::Compact);
    return QString::fromUtf8(json.mid(1, json.size() - 2));
}

std::optional<QVariant> fromJson(const QString &json)
{
    const auto document = QJsonDocument::fromJson("[" + json.toUtf8() + "]");
    if (!document.isArray() || document.array().size() != 1)
        return std::nullopt;
    return document.array().at(0).toVariant();
}

} // namespace

Result<QVariantMap> SettingsStore::load() const
{
    auto rows = m_database.prepare("SELECT key, value FROM settings");
    if (!rows)
        return fail(std::move(rows.error()));
    QVariantMap values;
    for (;;) {
        auto row = rows->step();
        if (!row)
            return fail(std::move(row.error()));
        if (!*row)
            return values;
        if (const auto value = fromJson(rows->text(1)))
            values.insert(rows->text(0), *value);
    }
}

Result<> SettingsStore::save(const QString &key, const QVariant &value)
{
    return m_database.run("INSERT INTO settings (key, value) VALUES (?1, ?2) "
                          "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                          key, toJson(value));
}

Result<> SettingsStore::remove(const QString &key)
{
    return m_database.run("DELETE FROM settings WHERE key = ?1", key);
}

} // namespace alcove::storage
