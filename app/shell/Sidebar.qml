// The sidebar: a new chat, the search, the chats by day, the ways to the other pages.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Chat
import Alcove.Controls
import Alcove.Shell
import Alcove.Theme

Rectangle {
    id: sidebar

    required property ShellViewModel shell
    required property ChatViewModel chat
    required property ChatListModel chats
    required property var destinations // of {page, text, iconName, keys}

    signal hideWanted
    signal chatWanted // a chat is to be shown, new or old

    function focusSearch() {
        search.forceActiveFocus();
        search.selectAll();
    }

    color: Theme.surface

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: Theme.space8
        spacing: Theme.space8

        RowLayout {
            spacing: 0
            Layout.fillWidth: true

            Image {
                source: "qrc:/icons/alcove.svg"
                sourceSize.width: Theme.space24
                sourceSize.height: Theme.space24
                Layout.preferredWidth: Theme.space24
                Layout.preferredHeight: Theme.space24
                Layout.leftMargin: Theme.space8
                Accessible.ignored: true
            }
            Text {
                text: "Alcove"
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body + 2
                font.weight: Font.DemiBold
                leftPadding: Theme.space8
                rightPadding: Theme.space8
                elide: Text.ElideRight
                Layout.fillWidth: true
            }
            IconButton {
                iconName: "sidebar"
                mirrorIcon: true
                text: qsTr("Hide the sidebar")
                keys: "Ctrl+B"
                onClicked: sidebar.hideWanted()
            }
            IconButton {
                iconName: "new-chat"
                text: qsTr("New chat")
                keys: "Ctrl+N"
                onClicked: {
                    sidebar.chat.newChat();
                    sidebar.chatWanted();
                }
            }
        }
        LineField {
            id: search
            label: qsTr("Search chats")
            placeholderText: qsTr("Search chats")
            iconName: "search"
            clearable: true
            Layout.fillWidth: true
            onTextChanged: sidebar.chats.query = text
            Keys.onDownPressed: list.forceActiveFocus(Qt.TabFocusReason)
        }
        ListView {
            id: list

            function row(): ChatRow {
                return currentItem as ChatRow;
            }

            Layout.fillWidth: true
            Layout.fillHeight: true
            model: sidebar.chats
            clip: true
            spacing: 1
            boundsBehavior: Flickable.StopAtBounds
            activeFocusOnTab: count > 0
            currentIndex: -1
            highlightMoveDuration: 0
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Chats")
            T.ScrollBar.vertical: SlimScrollBar {}

            onActiveFocusChanged: {
                if (activeFocus && currentIndex < 0)
                    currentIndex = 0;
            }
            Keys.onReturnPressed: row()?.clicked()
            Keys.onEnterPressed: row()?.clicked()
            Keys.onMenuPressed: row()?.openMenu()
            Keys.onDeletePressed: row()?.deleteWanted()
            Keys.onPressed: event => {
                if (event.key === Qt.Key_F2) {
                    event.accepted = true;
                    row()?.beginRename();
                }
            }

            delegate: ChatRow {
                width: list.width
                open: sidebar.shell.page === ShellViewModel.ChatPage && chatId === sidebar.chat.chatId // qmllint disable
                current: list.currentIndex === index && list.activeFocus
                onClicked: {
                    sidebar.chat.open(chatId);
                    sidebar.chatWanted();
                }
                onRenamed: title => sidebar.chat.rename(chatId, title)
                onPinWanted: pinned => sidebar.chat.setPinned(chatId, pinned)
                onDeleteWanted: sidebar.chat.remove(chatId, title)
            }

            Text {
                visible: list.count === 0
                anchors.left: parent.left
                anchors.right: parent.right
                anchors.margins: Theme.space16
                y: Theme.space32
                text: sidebar.chats.query.trim() !== "" ? qsTr("No chat contains these words.")
                    : qsTr("Your chats will be listed here.")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.body
                wrapMode: Text.Wrap
                horizontalAlignment: Text.AlignHCenter
            }
        }
        Rectangle {
            implicitHeight: Theme.hairline
            color: Theme.border
            Layout.fillWidth: true
        }
        Repeater {
            model: sidebar.destinations

            SidebarButton {
                required property var modelData
                Layout.fillWidth: true
                Layout.topMargin: -Theme.space4
                text: modelData.text
                iconName: modelData.iconName
                keys: modelData.keys
                checked: sidebar.shell.page === modelData.page
                onClicked: sidebar.shell.page = modelData.page
            }
        }
        RowLayout {
            spacing: Theme.space8
            Layout.fillWidth: true
            Layout.leftMargin: Theme.space8 + 2
            Layout.bottomMargin: Theme.space4

            Icon {
                name: "shield"
                color: Theme.success
                Layout.preferredWidth: Theme.iconSmall
                Layout.preferredHeight: Theme.iconSmall
                Accessible.ignored: true
            }
            Text {
                text: sidebar.shell.demo ? qsTr("Demonstration: answers are written in advance")
                    : qsTr("Nothing leaves this computer")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                wrapMode: Text.Wrap
                Layout.fillWidth: true
            }
        }
    }
    Rectangle {
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        anchors.right: parent.right
        width: Theme.hairline
        color: Theme.border
    }
}
