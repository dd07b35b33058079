// ShellViewModel: the window around the pages: which page is shown, the sidebar, how it looks, and
// what the program has to say about itself.
//
// GUI thread; over storage::Settings, which outlives it.
#pragma once

#include <QList>
#include <QObject>
#include <QString>
#include <QUrl>
#include <QtQml/qqmlregistration.h>

namespace alcove::storage {
class Settings;
}

namespace alcove::shell {

class ShellViewModel : public QObject
{
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by the program and handed to the window.")
    Q_PROPERTY(Page page READ page WRITE setPage NOTIFY pageChanged FINAL)
    Q_PROPERTY(
        bool sidebarShown READ sidebarShown WRITE setSidebarShown NOTIFY sidebarShownChanged FINAL)
    Q_PROPERTY(QString theme READ theme NOTIFY looksChanged FINAL) // system, light or dark
    Q_PROPERTY(double fontScale READ fontScale NOTIFY looksChanged FINAL) // 0.75 to 2
    // One sentence about the program's own state, e.g. a setting that could not be saved; may be
    // empty.
    Q_PROPERTY(QString notice READ notice NOTIFY noticeChanged FINAL)
    Q_PROPERTY(bool demo READ demo CONSTANT FINAL) // answers are written in advance
public:
    enum Page { ChatPage, DocumentsPage, ModelsPage, SettingsPage, HelpPage };
    Q_ENUM(Page)

    enum class Mode { Normal, Demo };

    ShellViewModel(storage::Settings &settings, Mode mode, QObject *parent = nullptr);

    Page page() const { return m_page; }
    void setPage(Page page);
    bool sidebarShown() const;
    void setSidebarShown(bool shown);
    QString theme() const;
    double fontScale() const;
    QString notice() const { return m_notice; }
    bool demo() const { return m_mode == Mode::Demo; }

    void setNotice(const QString &notice);
    Q_INVOKABLE void dismissNotice();
    // What would happen if these were dropped: "Open model qwen3.gguf"; empty: nothing would.
    Q_INVOKABLE QString describeDrop(const QList<QUrl> &urls) const;

signals:
    void pageChanged();
    void sidebarShownChanged();
    void looksChanged();
    void noticeChanged();

private:
    storage::Settings &m_settings;
    Mode m_mode;
    Page m_page = ChatPage;
    QString m_notice;
};

} // namespace alcove::shell
