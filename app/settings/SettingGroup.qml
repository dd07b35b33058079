// A card of settings under a heading.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Theme

ColumnLayout {
    id: group

    required property string title
    default property alias rows: column.data

    spacing: Theme.space8
    Layout.fillWidth: true
    Accessible.role: Accessible.Grouping
    Accessible.name: title

    Text {
        text: group.title
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.body
        font.weight: Font.DemiBold
        Layout.fillWidth: true
        Accessible.role: Accessible.Heading
        Accessible.name: text
    }
    Rectangle {
        radius: Theme.radiusCard
        color: Theme.surface
        border.width: Theme.hairline
        border.color: Theme.border
        implicitHeight: column.implicitHeight + 2 * Theme.space16
        Layout.fillWidth: true

        ColumnLayout {
            id: column
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.top: parent.top
            anchors.margins: Theme.space16
            spacing: Theme.space16
        }
    }
}
