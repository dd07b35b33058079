// DeviceListModel: what a model may run on, as the settings offer it: automatic, then each device.
//
// Lives on the GUI thread. Asking the Vulkan drivers takes a moment, so refresh() does it on
// another thread and the rows appear when it is done. A device that cannot be used is listed with
// the reason.
#pragma once

#include "core/engine/device_choice.h"

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include <functional>

namespace alcove::settings {

class DeviceListModel : public QAbstractListModel
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("A part of SettingsViewModel.")
    Q_PROPERTY(bool loading READ loading NOTIFY loadingChanged FINAL)
    // Why there is no graphics card to choose; empty when there is one.
    Q_PROPERTY(QString problem READ problem NOTIFY loadingChanged FINAL)
public:
    enum Role {
        IdRole = Qt::UserRole + 1, // QString: auto, cpu or vulkan:N
        NameRole, // QString: "AMD Radeon RX 7600"
        DetailRole, // QString: kind, memory, driver; or why it cannot be used
        UsableRole, // bool
        ChosenRole, // bool: the setting names it
    };
    Q_ENUM(Role)

    using Finder = std::function<engine::DeviceList()>;

    // `find` runs on another thread; the default asks this machine.
    explicit DeviceListModel(QObject *parent = nullptr);
    DeviceListModel(Finder find, QObject *parent);
    ~DeviceListModel() override;

    bool loading() const { return m_loading; }
    QString problem() const { return m_problem; }
    void refresh();
    void setChosen(const QString &id);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

signals:
    void loadingChanged();

private:
    struct Row {
        QString id;
        QString name;
        QString detail;
        bool usable = true;
    };
    void show(const engine::DeviceList &list);

    Finder m_find;
    QVector<Row> m_rows;
    QString m_chosen = QStringLiteral("auto");
    QString m_problem;
    bool m_loading = false;
};

} // namespace alcove::settings
