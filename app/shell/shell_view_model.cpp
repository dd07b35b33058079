#include "app/shell/shell_view_model.h"

#include "core/storage/settings.h"

#include <QFileInfo>

namespace alcove::shell {

namespace {

QString sidebarKey()
{
    return QStringLiteral("window.sidebar");
}

} // namespace

ShellViewModel::ShellViewModel(storage::Settings &settings, Mode mode, QObject *parent)
    : QObject(parent), m_settings(settings), m_mode(mode)
{
    connect(&m_settings, &storage::Settings::changed, this, [this](const QString &key) {
        if (key == QLatin1String("theme") || key == QLatin1String("fontScale"))
            emit looksChanged();
        else if (key == sidebarKey())
            emit sidebarShownChanged();
    });
    connect(&m_settings, &storage::Settings::saveFailed, this,
            [this](const Error &error) { setNotice(QString::fromStdString(error.message)); });
    if (m_settings.loadError())
        m_notice = QString::fromStdString(m_settings.loadError()->message);
}

void ShellViewModel::setPage(Page page)
{
    if (page == m_page)
        return;
    m_page = page;
    emit pageChanged();
}

bool ShellViewModel::sidebarShown() const
{
    return m_settings.value(sidebarKey(), true).toBool();
}

void ShellViewModel::setSidebarShown(bool shown)
{
    if (shown != sidebarShown())
        m_settings.setValue(sidebarKey(), shown);
}

QString ShellViewModel::theme() const
{
    return m_settings.value(QStringLiteral("theme")).toString();
}

double ShellViewModel::fontScale() const
{
    return m_settings.value(QStringLiteral("fontScale")).toDouble();
}

void ShellViewModel::setNotice(const QString &notice)
{
    if (notice == m_notice)
        return;
    m_notice = notice;
    emit noticeChanged();
}

QString ShellViewModel::describeDrop(const QList<QUrl> &urls) const
{
    // One model runs at a time, so one file is taken.
    if (urls.size() != 1)
        return {};
    const QFileInfo file(urls.first().toLocalFile());
    if (file.suffix().compare(QLatin1String("gguf"), Qt::CaseInsensitive) != 0 || !file.isFile())
        return {};
    return tr("Open model %1").arg(file.fileName());
}

void ShellViewModel::dismissNotice()
{
    setNotice({});
}

} // namespace alcove::shell
