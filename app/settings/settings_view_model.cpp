#include "app/settings/settings_view_model.h"

#include <QCoreApplication>
#include <QDesktopServices>

namespace alcove::settings {

namespace {

bool concernsLoading(const QString &key)
{
    return key == QLatin1String("device") || key == QLatin1String("threads")
        || key == QLatin1String("contextLength") || key == QLatin1String("kvFormat");
}

constexpr const char *kSamplingKeys[] = {
    "temperature",      "topK", "topP",     "minP", "repeatPenalty", "presencePenalty",
    "frequencyPenalty", "seed", "maxTokens"};

} // namespace

SettingsViewModel::SettingsViewModel(storage::Settings &settings, const QString &dataFolder,
                                     QObject *parent)
    : QObject(parent), m_settings(settings), m_dataFolder(dataFolder)
{
    m_devices.setChosen(device());
    connect(&m_settings, &storage::Settings::changed, this, [this](const QString &key) {
        if (key == QLatin1String("device"))
            m_devices.setChosen(device());
        emit changed();
        if (concernsLoading(key))
            emit loadSettingsChanged();
    });
    connect(&m_settings, &storage::Settings::saveFailed, this, [this](const Error &error) {
        setErrorText(QString::fromStdString(error.message));
        emit changed(); // a control that shows the refused value goes back
    });
    if (m_settings.loadError())
        m_errorText = QString::fromStdString(m_settings.loadError()->message);
}

void SettingsViewModel::store(const char *key, const QVariant &value)
{
    setErrorText({});
    m_settings.setValue(QLatin1String(key), value);
}

QString SettingsViewModel::seed() const
{
    const qint64 value = m_settings.value(QStringLiteral("seed")).toLongLong();
    return value < 0 ? QString() : QString::number(value);
}

void SettingsViewModel::setSeed(const QString &digits)
{
    if (digits.trimmed().isEmpty()) {
        store("seed", qint64(-1));
        return;
    }
    bool whole = false;
    const qint64 value = digits.trimmed().toLongLong(&whole);
    if (whole && value >= 0) {
        store("seed", value);
    } else {
        setErrorText(tr("The seed is a whole number from 0 on, or empty for a new one each time."));
        emit changed();
    }
}

QString SettingsViewModel::version() const
{
    return QCoreApplication::applicationVersion();
}

void SettingsViewModel::resetSampling()
{
    setErrorText({});
    for (const char *key : kSamplingKeys)
        m_settings.remove(QLatin1String(key));
}

void SettingsViewModel::findDevices()
{
    m_devices.refresh();
}

void SettingsViewModel::openDataFolder()
{
    if (!QDesktopServices::openUrl(dataFolderUrl()))
        setErrorText(tr("The folder could not be opened; it is at %1.").arg(m_dataFolder));
}

void SettingsViewModel::setErrorText(const QString &text)
{
    if (text == m_errorText)
        return;
    m_errorText = text;
    emit errorTextChanged();
}

} // namespace alcove::settings
