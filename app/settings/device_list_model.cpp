#include "app/settings/device_list_model.h"

#include "core/engine/hardware.h"

#include <QCoreApplication>
#include <QLocale>
#include <QPointer>
#include <QThreadPool>

namespace alcove::settings {

namespace {

QString kindText(engine::DeviceKind kind)
{
    switch (kind) {
    case engine::DeviceKind::Discrete:
        return DeviceListModel::tr("Graphics card");
    case engine::DeviceKind::Integrated:
        return DeviceListModel::tr("Built-in graphics");
    case engine::DeviceKind::Virtual:
        return DeviceListModel::tr("Graphics card of a virtual machine");
    case engine::DeviceKind::Other:
        return DeviceListModel::tr("Vulkan device");
    case engine::DeviceKind::Software:
        return DeviceListModel::tr(
            "Graphics imitated by the processor, slower than the processor itself");
    case engine::DeviceKind::Processor:
        return DeviceListModel::tr("Processor");
    }
    return {};
}

QString detailText(const engine::DeviceOption &device)
{
    if (!device.usable())
        return QString::fromStdString(device.problem);
    QStringList parts{kindText(device.kind)};
    if (device.memoryBytes > 0)
        parts.append(DeviceListModel::tr("%1 of memory")
                         .arg(QLocale().formattedDataSize(qint64(device.memoryBytes), 1,
                                                          QLocale::DataSizeTraditionalFormat)));
    if (!device.driver.empty())
        parts.append(QString::fromStdString(device.driver));
    return parts.join(QStringLiteral(" · "));
}

} // namespace

DeviceListModel::DeviceListModel(QObject *parent)
    : DeviceListModel([] { return engine::Hardware::ofThisMachine().list; }, parent)
{ }

DeviceListModel::DeviceListModel(Finder find, QObject *parent)
    : QAbstractListModel(parent), m_find(std::move(find))
{
    m_rows.append({QStringLiteral("auto"), tr("Automatic"),
                   tr("A graphics card of its own first, then a built-in one, then the processor"),
                   true});
}

DeviceListModel::~DeviceListModel() = default;

void DeviceListModel::refresh()
{
    if (m_loading)
        return;
    m_loading = true;
    emit loadingChanged();
    // The model may be gone when the drivers answer.
    QThreadPool::globalInstance()->start([find = m_find, self = QPointer<DeviceListModel>(this)] {
        const engine::DeviceList list = find();
        if (QObject *context = QCoreApplication::instance())
            QMetaObject::invokeMethod(
                context,
                [self, list] {
                    if (self)
                        self->show(list);
                },
                Qt::QueuedConnection);
    });
}

void DeviceListModel::show(const engine::DeviceList &list)
{
    beginResetModel();
    m_rows.resize(1);
    for (const engine::DeviceOption &device : list.devices)
        m_rows.append({QString::fromStdString(device.id()), QString::fromStdString(device.name),
                       detailText(device), device.usable()});
    endResetModel();
    m_problem = QString::fromStdString(list.vulkanProblem);
    m_loading = false;
    emit loadingChanged();
}

void DeviceListModel::setChosen(const QString &id)
{
    if (id == m_chosen)
        return;
    m_chosen = id;
    emit dataChanged(index(0), index(rowCount() - 1), {ChosenRole});
}

int DeviceListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant DeviceListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row &row = m_rows[index.row()];
    switch (role) {
    case IdRole:
        return row.id;
    case NameRole:
        return row.name;
    case DetailRole:
        return row.detail;
    case UsableRole:
        return row.usable;
    case ChosenRole:
        return row.id == m_chosen;
    default:
        return {};
    }
}

QHash<int, QByteArray> DeviceListModel::roleNames() const
{
    return {{IdRole, "deviceId"},
            {NameRole, "name"},
            {DetailRole, "detail"},
            {UsableRole, "usable"},
            {ChosenRole, "chosen"}};
}

} // namespace alcove::settings
