// The top of a chat: its title, which a click renames, and the model in use.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Chat
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

Rectangle {
    id: header

    required property ChatViewModel chat
    required property ModelViewModel models
    property bool sidebarHidden: false
    property bool narrow: width < Theme.narrowBelow - Theme.sidebarWidth / 2

    signal sidebarWanted
    signal newChatWanted
    signal modelsPageWanted

    function openModels() {
        picker.openList();
    }

    implicitHeight: Theme.header + bar.height
    color: Theme.background

    RowLayout {
        id: row
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: header.sidebarHidden ? Theme.space8 : Theme.space16
        anchors.rightMargin: Theme.space8
        height: Theme.header
        spacing: Theme.space4

        IconButton {
            visible: header.sidebarHidden
            iconName: "sidebar"
            mirrorIcon: true
            text: qsTr("Show the sidebar")
            keys: "Ctrl+B"
            onClicked: header.sidebarWanted()
        }
        IconButton {
            visible: header.sidebarHidden
            iconName: "new-chat"
            text: qsTr("New chat")
            keys: "Ctrl+N"
            onClicked: header.newChatWanted()
        }
        T.AbstractButton {
            id: title
            visible: !renaming.visible
            enabled: header.chat.begun
            text: header.chat.title
            Layout.fillWidth: true
            Layout.minimumWidth: Theme.space32
            implicitHeight: Theme.control
            implicitWidth: words.implicitWidth + 2 * Theme.space8
            leftPadding: Theme.space8
            rightPadding: Theme.space8
            hoverEnabled: true
            focusPolicy: Qt.StrongFocus
            Accessible.role: Accessible.Button
            Accessible.name: enabled ? qsTr("Rename the chat: %1").arg(text) : text
            Keys.onReturnPressed: clicked()
            Keys.onEnterPressed: clicked()
            onClicked: {
                renaming.text = text;
                renaming.visible = true;
                renaming.forceActiveFocus();
                renaming.selectAll();
            }

            contentItem: Text { // qmllint disable deferred-property-id
                id: words
                text: title.text
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body + 1
                font.weight: Font.DemiBold
                elide: Text.ElideRight
                verticalAlignment: Text.AlignVCenter
                Accessible.ignored: true
            }
            background: Rectangle {
                width: Math.min(parent?.width ?? 0, words.implicitWidth + 2 * Theme.space8)
                radius: Theme.radiusSmall
                color: title.hovered && title.enabled ? Theme.surfaceRaised : "transparent"
                FocusRing {
                    shown: title.visualFocus
                    distance: 0
                }
            }
        }
        LineField {
            id: renaming
            visible: false
            label: qsTr("Title of the chat")
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.dialogWidth
            onAccepted: {
                header.chat.renameThis(text);
                done();
            }
            onActiveFocusChanged: {
                if (!activeFocus)
                    visible = false;
            }
            Keys.onEscapePressed: done()

            // A field that vanishes would take the keyboard along.
            function done() {
                visible = false;
                title.forceActiveFocus(Qt.TabFocusReason);
            }
        }
        Item {
            visible: renaming.visible
            Layout.fillWidth: true
        }
        ModelPicker {
            id: picker
            models: header.models
            status: header.chat.modelStatus
            device: header.chat.deviceBadge
            compact: header.narrow
            // What large text leaves beside the buttons, and a little of the title.
            Layout.maximumWidth: Math.min(header.width * 0.6,
                row.width - title.x - title.Layout.minimumWidth - row.spacing)
            onManageWanted: header.modelsPageWanted()
        }
    }
    ProgressLine {
        id: bar
        anchors.bottom: parent.bottom
        width: parent.width
        label: qsTr("Context in use")
        value: header.chat.contextFraction
        ink: value > 0.9 ? Theme.warning : Theme.accent
        Accessible.description: header.chat.contextText

        HoverHandler {
            id: overBar
        }
        TipHost {
            wanted: overBar.hovered && header.chat.contextText !== ""
            text: header.chat.contextText
        }
    }
}
