// A sent message, being changed: saving asks again, the earlier version is kept.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

Rectangle {
    id: editor

    signal saved(string text)
    signal cancelled

    function begin(text: string) {
        area.text = text;
        area.forceActiveFocus();
        area.cursorPosition = area.length;
    }

    implicitHeight: column.implicitHeight + 2 * Theme.space12
    radius: Theme.radiusBubble
    color: Theme.background
    border.width: area.activeFocus ? Theme.focusRing : Theme.hairline
    border.color: area.activeFocus ? Theme.accent : Theme.borderStrong

    ColumnLayout {
        id: column
        anchors.fill: parent
        anchors.margins: Theme.space12
        spacing: Theme.space8

        T.TextArea {
            id: area
            Layout.fillWidth: true
            implicitHeight: contentHeight
            color: Theme.text
            selectionColor: Theme.selection
            selectedTextColor: Theme.text
            selectByMouse: true
            wrapMode: TextEdit.Wrap
            font.pixelSize: Theme.message
            textFormat: TextEdit.PlainText
            Keys.onTabPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
            Keys.onBacktabPressed: nextItemInFocusChain(false).forceActiveFocus(Qt.BacktabFocusReason)
            Accessible.role: Accessible.EditableText
            Accessible.name: qsTr("Message")
            Keys.onEscapePressed: editor.cancelled()
            Keys.onPressed: event => {
                const enter = event.key === Qt.Key_Return || event.key === Qt.Key_Enter;
                if (enter && (event.modifiers & Qt.ControlModifier)) {
                    event.accepted = true;
                    save.clicked();
                }
            }
        }
        RowLayout {
            spacing: Theme.space8

            Text {
                text: qsTr("The earlier version is kept.")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideRight
                Layout.fillWidth: true
            }
            PushButton {
                text: qsTr("Cancel")
                compact: true
                kind: PushButton.Quiet
                onClicked: editor.cancelled()
            }
            PushButton {
                id: save
                text: qsTr("Ask again")
                tip: qsTr("Ask again")
                keys: "Ctrl+Return"
                compact: true
                kind: PushButton.Primary
                enabled: area.text.trim() !== ""
                onClicked: editor.saved(area.text)
            }
        }
    }
}
