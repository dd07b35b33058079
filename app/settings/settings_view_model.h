// SettingsViewModel: the user's choices as typed properties, saved the moment they change.
//
// Lives on the GUI thread, over storage::Settings (which outlives it). A value that is refused or
// cannot be saved leaves the old one and sets errorText.
#pragma once

#include "core/storage/settings.h"

#include "app/settings/device_list_model.h"

#include <QObject>
#include <QString>
#include <QUrl>
#include <QtQml/qqmlregistration.h>

namespace alcove::settings {

class SettingsViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")

    // Appearance
    Q_PROPERTY(QString theme READ theme WRITE setTheme NOTIFY changed FINAL) // system, light, dark
    Q_PROPERTY(double fontScale READ fontScale WRITE setFontScale NOTIFY changed FINAL)
    Q_PROPERTY(bool sendWithEnter READ sendWithEnter WRITE setSendWithEnter NOTIFY changed FINAL)
    // Where models run
    Q_PROPERTY(
        QString device READ device WRITE setDevice NOTIFY changed FINAL) // auto, cpu, vulkan:N
    Q_PROPERTY(int threads READ threads WRITE setThreads NOTIFY changed FINAL) // 0: automatic
    Q_PROPERTY(QString kvFormat READ kvFormat WRITE setKvFormat NOTIFY changed FINAL)
    Q_PROPERTY(int contextLength READ contextLength WRITE setContextLength NOTIFY changed FINAL)
    Q_PROPERTY(alcove::settings::DeviceListModel *devices READ devices CONSTANT FINAL)
    // Answers
    Q_PROPERTY(QString systemPrompt READ systemPrompt WRITE setSystemPrompt NOTIFY changed FINAL)
    Q_PROPERTY(int maxTokens READ maxTokens WRITE setMaxTokens NOTIFY changed FINAL) // 0: no limit
    Q_PROPERTY(double temperature READ temperature WRITE setTemperature NOTIFY changed FINAL)
    Q_PROPERTY(int topK READ topK WRITE setTopK NOTIFY changed FINAL)
    Q_PROPERTY(double topP READ topP WRITE setTopP NOTIFY changed FINAL)
    Q_PROPERTY(double minP READ minP WRITE setMinP NOTIFY changed FINAL)
    Q_PROPERTY(double repeatPenalty READ repeatPenalty WRITE setRepeatPenalty NOTIFY changed FINAL)
    Q_PROPERTY(
        double presencePenalty READ presencePenalty WRITE setPresencePenalty NOTIFY changed FINAL)
    Q_PROPERTY(double frequencyPenalty READ frequencyPenalty WRITE setFrequencyPenalty NOTIFY
                   changed FINAL)
    Q_PROPERTY(QString seed READ seed WRITE setSeed NOTIFY changed
                   FINAL) // digits; empty: a new one each time
    // This computer
    Q_PROPERTY(QString dataFolder READ dataFolder CONSTANT FINAL)
    Q_PROPERTY(QUrl dataFolderUrl READ dataFolderUrl CONSTANT FINAL)
    Q_PROPERTY(QString version READ version CONSTANT FINAL)
    Q_PROPERTY(QString errorText READ errorText NOTIFY errorTextChanged FINAL)
public:
    SettingsViewModel(storage::Settings &settings, const QString &dataFolder,
                      QObject *parent = nullptr);

    QString theme() const { return text("theme"); }
    void setTheme(const QString &value) { store("theme", value); }
    double fontScale() const { return number("fontScale"); }
    void setFontScale(double value) { store("fontScale", value); }
    bool sendWithEnter() const
    {
        return m_settings.value(QStringLiteral("sendWithEnter")).toBool();
    }
    void setSendWithEnter(bool value) { store("sendWithEnter", value); }
    QString device() const { return text("device"); }
    void setDevice(const QString &value) { store("device", value); }
    int threads() const { return whole("threads"); }
    void setThreads(int value) { store("threads", value); }
    int contextLength() const { return whole("contextLength"); }
    void setContextLength(int value) { store("contextLength", value); }
    QString kvFormat() const { return text("kvFormat"); }
    void setKvFormat(const QString &value) { store("kvFormat", value); }
    DeviceListModel *devices() { return &m_devices; }
    QString systemPrompt() const { return text("systemPrompt"); }
    void setSystemPrompt(const QString &value) { store("systemPrompt", value); }
    int maxTokens() const { return whole("maxTokens"); }
    void setMaxTokens(int value) { store("maxTokens", value); }
    double temperature() const { return number("temperature"); }
    void setTemperature(double value) { store("temperature", value); }
    int topK() const { return whole("topK"); }
    void setTopK(int value) { store("topK", value); }
    double topP() const { return number("topP"); }
    void setTopP(double value) { store("topP", value); }
    double minP() const { return number("minP"); }
    void setMinP(double value) { store("minP", value); }
    double repeatPenalty() const { return number("repeatPenalty"); }
    void setRepeatPenalty(double value) { store("repeatPenalty", value); }
    double presencePenalty() const { return number("presencePenalty"); }
    void setPresencePenalty(double value) { store("presencePenalty", value); }
    double frequencyPenalty() const { return number("frequencyPenalty"); }
    void setFrequencyPenalty(double value) { store("frequencyPenalty", value); }
    QString seed() const;
    void setSeed(const QString &digits);

    QString dataFolder() const { return m_dataFolder; }
    QUrl dataFolderUrl() const { return QUrl::fromLocalFile(m_dataFolder); }
    QString version() const;
    QString errorText() const { return m_errorText; }

    // Back to the defaults: what is under Answers but the system prompt.
    Q_INVOKABLE void resetSampling();
    // Asks the machine for its devices; the list fills in when they have answered.
    Q_INVOKABLE void findDevices();
    // Opens the data folder in the system's file manager.
    Q_INVOKABLE void openDataFolder();

signals:
    void changed();
    // Device, threads, context length or the KV cache's format: the model has to be loaded again to
    // follow.
    void loadSettingsChanged();
    void errorTextChanged();

private:
    QString text(const char *key) const { return m_settings.value(QLatin1String(key)).toString(); }
    int whole(const char *key) const { return m_settings.value(QLatin1String(key)).toInt(); }
    double number(const char *key) const { return m_settings.value(QLatin1String(key)).toDouble(); }
    void store(const char *key, const QVariant &value);
    void setErrorText(const QString &text);

    storage::Settings &m_settings;
    QString m_dataFolder;
    DeviceListModel m_devices;
    QString m_errorText;
};

} // namespace alcove::settings
