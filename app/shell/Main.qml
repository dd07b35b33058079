// The window: the sidebar, beside or over the pages, and one page at a time.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.Basic
import Alcove.Chat
import Alcove.Controls
import Alcove.Documents
import Alcove.Help
import Alcove.Models
import Alcove.Settings
import Alcove.Shell
import Alcove.Theme

ApplicationWindow {
    id: window

    required property ShellViewModel shell
    required property ChatViewModel chat
    required property ChatListModel chats
    required property ModelViewModel models
    required property SettingsViewModel settings
    required property DocumentsViewModel documents
    required property SourceViewModel source
    required property ChatDocuments chatDocuments

    readonly property bool narrow: width < Theme.narrowBelow
    readonly property bool sidebarDocked: !narrow && shell.sidebarShown

    // The pages beside the chat, as the foot of the sidebar lists them.
    readonly property var destinations: [
        {
            page: ShellViewModel.DocumentsPage,
            text: qsTr("Documents"),
            iconName: "documents",
            keys: "Ctrl+Shift+D"
        },
        {
            page: ShellViewModel.ModelsPage,
            text: qsTr("Models"),
            iconName: "models",
            keys: ""
        },
        {
            page: ShellViewModel.SettingsPage,
            text: qsTr("Settings"),
            iconName: "settings",
            keys: "Ctrl+,"
        },
        {
            page: ShellViewModel.HelpPage,
            text: qsTr("Help"),
            iconName: "help",
            keys: "F1"
        }
    ]

    function toggleSidebar() {
        if (!narrow)
            shell.sidebarShown = !shell.sidebarShown;
        else if (drawer.opened)
            drawer.close();
        else
            drawer.open();
    }
    function showChat() {
        shell.page = ShellViewModel.ChatPage;
        drawer.close();
        chatPage.takeFocus();
    }

    width: 1120
    height: 780
    minimumWidth: 480
    minimumHeight: 560
    title: shell.page === ShellViewModel.ChatPage && chat.begun ? qsTr("%1 – Alcove").arg(chat.title) : "Alcove"
    color: Theme.background
    font.pixelSize: Theme.body
    palette.window: Theme.background
    palette.windowText: Theme.text
    palette.base: Theme.background
    palette.text: Theme.text
    palette.button: Theme.surfaceRaised
    palette.buttonText: Theme.text
    palette.highlight: Theme.accent
    palette.highlightedText: Theme.textOnAccent
    LayoutMirroring.enabled: Qt.application.layoutDirection === Qt.RightToLeft // qmllint disable
    LayoutMirroring.childrenInherit: true

    Component.onCompleted: chatPage.takeFocus()
    onNarrowChanged: drawer.close()

    Binding {
        target: Theme
        property: "mode"
        value: window.shell.theme
    }
    Binding {
        target: Theme
        property: "fontScale"
        value: window.shell.fontScale
    }

    Item {
        id: docked
        anchors.left: parent.left
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        width: window.sidebarDocked ? Theme.sidebarWidth : 0
        visible: window.sidebarDocked
    }
    SideDrawer {
        id: drawer
        width: Math.min(Theme.sidebarWidth + Theme.space24, window.width - 2 * Theme.space24)
        height: window.height
        edge: window.LayoutMirroring.enabled ? Qt.RightEdge : Qt.LeftEdge
        dragMargin: window.narrow ? Theme.space8 : 0
        interactive: window.narrow
        contentItem: Item {}
    }
    // One sidebar, in one of two places.
    Sidebar {
        id: sidebar
        parent: window.narrow ? drawer.contentItem : docked // qmllint disable
        anchors.fill: parent
        shell: window.shell
        chat: window.chat
        chats: window.chats
        destinations: window.destinations
        onChatWanted: window.showChat()
        onHideWanted: window.toggleSidebar()
    }
    // Beside the page, or over it where there is no room for two.
    SourcePanel {
        id: sourcePanel
        source: window.source
        visible: window.source.open
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        anchors.right: parent.right
        width: window.narrow ? window.width : Math.round(pages.whole * Theme.sourceShare)
        z: 1
        onVisibleChanged: {
            if (visible)
                takeFocus();
            else if (window.shell.page === ShellViewModel.ChatPage)
                chatPage.takeFocus();
        }
    }
    Item {
        id: pages

        readonly property real whole: window.width - docked.width

        anchors.left: docked.right
        anchors.right: sourcePanel.visible && !window.narrow ? sourcePanel.left : parent.right
        anchors.top: parent.top
        anchors.bottom: parent.bottom

        ChatPage {
            id: chatPage
            anchors.fill: parent
            visible: window.shell.page === ShellViewModel.ChatPage
            chat: window.chat
            models: window.models
            documents: window.chatDocuments
            sidebarHidden: !window.sidebarDocked
            onSidebarWanted: window.toggleSidebar()
            onModelsPageWanted: window.shell.page = ShellViewModel.ModelsPage
            onDocumentsPageWanted: window.shell.page = ShellViewModel.DocumentsPage
            onSourceWanted: citation => window.source.show(citation)
        }
        DocumentsPage {
            anchors.fill: parent
            visible: window.shell.page === ShellViewModel.DocumentsPage
            documents: window.documents
            source: window.source
            sidebarHidden: !window.sidebarDocked
            onSidebarWanted: window.toggleSidebar()
        }
        ModelsPage {
            anchors.fill: parent
            visible: window.shell.page === ShellViewModel.ModelsPage
            models: window.models
            sidebarHidden: !window.sidebarDocked
            onSidebarWanted: window.toggleSidebar()
        }
        SettingsPage {
            anchors.fill: parent
            visible: window.shell.page === ShellViewModel.SettingsPage
            settings: window.settings
            sidebarHidden: !window.sidebarDocked
            onSidebarWanted: window.toggleSidebar()
        }
        HelpPage {
            anchors.fill: parent
            visible: window.shell.page === ShellViewModel.HelpPage
            sidebarHidden: !window.sidebarDocked
            onSidebarWanted: window.toggleSidebar()
            onVisibleChanged: {
                if (visible)
                    focusSearch();
            }
        }
        Column {
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.space24 * 4
            anchors.horizontalCenter: parent.horizontalCenter
            width: Math.min(implicitWidth, parent.width - 2 * Theme.space16)
            spacing: Theme.space8

            Notice {
                visible: window.shell.notice !== ""
                width: Math.min(Theme.columnWidth, pages.width - 2 * Theme.space16)
                tone: Notice.Warning
                text: window.shell.notice
                dismissible: true
                onDismissed: window.shell.dismissNotice()
            }
            Snackbar {
                id: snackbar
                // What the button brings back: a document, where there is a path, else a chat.
                property var chatId: 0
                property string collection: ""
                property string path: ""
                anchors.horizontalCenter: parent.horizontalCenter
                width: Math.min(implicitWidth, pages.width - 2 * Theme.space16)
                actionKeys: "Ctrl+Z"
                onActed: {
                    if (path !== "")
                        window.documents.addAgain(collection, path);
                    else
                        window.chat.restore(chatId);
                }
            }
        }
    }
    DropOverlay {
        anchors.fill: parent
        shell: window.shell
        models: window.models
        documents: window.documents
        chatDocuments: window.chatDocuments
        onAccepted: window.showChat()
    }

    Connections {
        target: window.chat
        function onRemoved(id: var, title: string) {
            snackbar.path = "";
            snackbar.chatId = id;
            snackbar.show(qsTr("“%1” was deleted.").arg(title), qsTr("Undo"));
        }
    }
    Connections {
        target: window.documents
        function onRemoved(collection: string, path: string, name: string) {
            snackbar.collection = collection;
            snackbar.path = path;
            snackbar.show(qsTr("“%1” was removed.").arg(name), qsTr("Undo"));
        }
    }
    Connections {
        target: window.shell
        function onPageChanged() {
            drawer.close();
            // What is typed must not go to a composer that is out of sight; Tab begins at the page's top.
            if (window.shell.page !== ShellViewModel.ChatPage && window.shell.page !== ShellViewModel.HelpPage)
                pages.forceActiveFocus();
        }
    }

    Shortcut {
        sequences: ["Ctrl+N"]
        onActivated: {
            window.chat.newChat();
            window.showChat();
        }
    }
    Shortcut {
        sequences: ["Ctrl+K"]
        onActivated: {
            if (window.narrow)
                drawer.open();
            else
                window.shell.sidebarShown = true;
            sidebar.focusSearch();
        }
    }
    Shortcut {
        sequences: ["Ctrl+B"]
        onActivated: window.toggleSidebar()
    }
    Shortcut {
        sequences: ["Ctrl+M"]
        onActivated: {
            window.showChat();
            chatPage.openModels();
        }
    }
    Shortcut {
        sequences: ["Ctrl+Shift+D"]
        onActivated: window.shell.page = ShellViewModel.DocumentsPage
    }
    Shortcut {
        sequences: ["Ctrl+,"]
        onActivated: window.shell.page = ShellViewModel.SettingsPage
    }
    Shortcut {
        sequences: ["F1"]
        onActivated: window.shell.page = ShellViewModel.HelpPage
    }
    Shortcut {
        sequences: ["Esc"]
        onActivated: {
            if (window.source.open)
                window.source.close();
            else if (window.shell.page !== ShellViewModel.ChatPage)
                window.showChat();
            else if (window.chat.answering)
                window.chat.stop();
        }
    }
    // A field that is being typed in undoes its own text first.
    Shortcut {
        sequences: ["Ctrl+Z"]
        enabled: snackbar.open
        onActivated: snackbar.act()
    }
    Shortcut {
        sequences: ["Ctrl+Q"]
        onActivated: window.close()
    }
}
