// One setting: its name and what it does at the start, its control at the end; stacked when narrow.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Theme

GridLayout {
    id: row

    required property string label
    property string description: ""
    default property alias control: slot.data

    readonly property bool stacked: width < Theme.dialogWidth + Theme.space32

    columns: stacked ? 1 : 2
    columnSpacing: Theme.space24
    rowSpacing: Theme.space8
    Layout.fillWidth: true

    ColumnLayout {
        spacing: 2
        Layout.fillWidth: true
        Layout.alignment: Qt.AlignVCenter

        Text {
            text: row.label
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
        Text {
            visible: text !== ""
            text: row.description
            textFormat: Text.PlainText
            color: Theme.textMuted
            font.pixelSize: Theme.caption
            lineHeight: Theme.proseLineHeight
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
    }
    RowLayout {
        id: slot
        spacing: Theme.space8
        Layout.fillWidth: row.stacked
        Layout.alignment: Qt.AlignVCenter
    }
}
