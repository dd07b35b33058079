// Code of an answer: its language, a button that copies it, and lines that scroll sideways.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

BlockFrame {
    id: block

    required property string code
    required property string language
    property bool reachable: true // by Tab

    Rectangle {
        width: block.bodyWidth
        implicitHeight: bar.height + text.implicitHeight + Theme.space8 + Theme.space12
        radius: Theme.radiusCard
        color: Theme.surface
        border.width: Theme.hairline
        border.color: Theme.border

        RowLayout {
            id: bar
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.leftMargin: Theme.space16
            anchors.rightMargin: Theme.space4
            height: Theme.control
            spacing: Theme.space8

            Text {
                text: block.language !== "" ? block.language : qsTr("Code")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideRight
                Layout.fillWidth: true
            }
            IconButton {
                id: copy
                property bool done: false
                focusPolicy: block.reachable || activeFocus ? Qt.StrongFocus : Qt.ClickFocus
                implicitWidth: Theme.controlSmall
                implicitHeight: Theme.controlSmall
                iconName: done ? "check" : "copy"
                iconSize: Theme.iconSmall
                iconColor: done ? Theme.success : Theme.textMuted
                text: done ? qsTr("Copied") : qsTr("Copy the code")
                onClicked: {
                    clipboard.copy(block.code);
                    done = true;
                    back.restart();
                }

                Timer {
                    id: back
                    interval: 1500
                    onTriggered: copy.done = false
                }
                Clipboard {
                    id: clipboard
                }
            }
        }
        Flickable {
            id: flick
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.top: bar.bottom
            anchors.margins: Theme.hairline
            height: text.implicitHeight + Theme.space8 + Theme.space12 - 2 * Theme.hairline
            contentWidth: Math.max(width, text.implicitWidth + 2 * Theme.space16)
            contentHeight: height
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            flickableDirection: Flickable.HorizontalFlick
            interactive: contentWidth > width
            T.ScrollBar.horizontal: SlimScrollBar {}

            TextEdit {
                id: text
                x: Theme.space16 - Theme.hairline
                y: Theme.space4
                text: block.code
                textFormat: TextEdit.PlainText
                readOnly: true
                selectByMouse: true
                color: Theme.text
                selectionColor: Theme.selection
                selectedTextColor: Theme.text
                font.family: Theme.monospace
                font.pixelSize: Theme.code
                activeFocusOnTab: false
                Accessible.role: Accessible.StaticText
                Accessible.name: block.code
                Accessible.readOnly: true

                HoverHandler {
                    cursorShape: Qt.IBeamCursor
                }
            }
        }
    }
}
