// A passage that a search found.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.AbstractButton {
    id: found

    required property var modelData // of DocumentsViewModel.results

    signal chosen(var passage)

    implicitHeight: column.implicitHeight + 2 * Theme.space12
    hoverEnabled: true
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.Button
    Accessible.name: qsTr("%1: %2").arg(modelData.source).arg(modelData.snippet)
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()
    onClicked: chosen(modelData)

    contentItem: Item { // qmllint disable deferred-property-id
        ColumnLayout {
            id: column
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.verticalCenter: parent.verticalCenter
            anchors.leftMargin: Theme.space16
            anchors.rightMargin: Theme.space16
            spacing: Theme.space4

            Text {
                text: found.modelData.source
                textFormat: Text.PlainText
                color: Theme.accent
                font.pixelSize: Theme.body
                font.weight: Font.DemiBold
                elide: Text.ElideMiddle
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                visible: text !== ""
                text: found.modelData.heading
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideRight
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                text: found.modelData.snippet
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body
                wrapMode: Text.Wrap
                Layout.fillWidth: true
                Accessible.ignored: true
            }
        }
    }
    background: Rectangle {
        radius: Theme.radiusCard
        color: found.hovered ? Theme.surfaceRaised : Theme.surface
        border.width: Theme.hairline
        border.color: Theme.border
        FocusRing {
            shown: found.visualFocus
        }
    }
}
