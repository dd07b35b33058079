// Where real models come from: a few that run here, each with the page it is published on. Alcove itself
// fetches nothing; the page opens in the browser, and its address stands beside the button.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

ColumnLayout {
    id: list

    // Sizes as their pages give them, rounded.
    readonly property var entries: [
        { "name": "Qwen3 0.6B", "file": "Q8_0", "size": qsTr("0.6 GB"), "memory": qsTr("runs anywhere, simple answers"), "page": "huggingface.co/Qwen/Qwen3-0.6B-GGUF" },
        { "name": "Qwen3 1.7B", "file": "Q8_0", "size": qsTr("1.8 GB"), "memory": qsTr("for 4 GB of memory"), "page": "huggingface.co/Qwen/Qwen3-1.7B-GGUF" },
        { "name": "Qwen3 4B", "file": "Q4_K_M", "size": qsTr("2.5 GB"), "memory": qsTr("for 8 GB of memory"), "page": "huggingface.co/Qwen/Qwen3-4B-GGUF" },
        { "name": "Qwen3 8B", "file": "Q4_K_M", "size": qsTr("5 GB"), "memory": qsTr("for 16 GB of memory"), "page": "huggingface.co/Qwen/Qwen3-8B-GGUF" }
    ]

    spacing: Theme.space8
    Layout.fillWidth: true

    Text {
        text: qsTr("Get a real model")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.body
        font.weight: Font.DemiBold
        Layout.fillWidth: true
        Accessible.role: Accessible.Heading
        Accessible.name: text
    }
    Text {
        text: qsTr("Open the page of one in your browser, save the file that is named here, then open it above or drag it onto this window.")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.body
        wrapMode: Text.Wrap
        Layout.fillWidth: true
    }
    Repeater {
        model: list.entries
        delegate: Rectangle {
            id: entry

            required property var modelData

            radius: Theme.radiusCard
            color: Theme.surface
            border.width: Theme.hairline
            border.color: Theme.border
            implicitHeight: row.implicitHeight + 2 * Theme.space12
            Layout.fillWidth: true

            RowLayout {
                id: row
                anchors.left: parent.left
                anchors.right: parent.right
                anchors.verticalCenter: parent.verticalCenter
                anchors.leftMargin: Theme.space16
                anchors.rightMargin: Theme.space8
                spacing: Theme.space12

                ColumnLayout {
                    spacing: 2
                    Layout.fillWidth: true

                    Text {
                        text: qsTr("%1 · file %2 · %3 · %4").arg(entry.modelData.name).arg(entry.modelData.file).arg(entry.modelData.size).arg(entry.modelData.memory)
                        textFormat: Text.PlainText
                        color: Theme.text
                        font.pixelSize: Theme.body
                        wrapMode: Text.Wrap
                        Layout.fillWidth: true
                    }
                    Text {
                        text: entry.modelData.page
                        textFormat: Text.PlainText
                        color: Theme.textMuted
                        font.pixelSize: Theme.caption
                        elide: Text.ElideMiddle
                        Layout.fillWidth: true
                    }
                }
                PushButton {
                    text: qsTr("Open page")
                    compact: true
                    Accessible.name: qsTr("Open the page of %1 in the browser").arg(entry.modelData.name)
                    onClicked: Qt.openUrlExternally("https://" + entry.modelData.page)
                }
            }
        }
    }
}
