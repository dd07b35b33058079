// One document: what it is, how it stands, what can be done with it.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Documents
import Alcove.Theme

Rectangle {
    id: row

    required property var documentId
    required property string name
    required property string folder
    required property string path
    required property string collection
    required property int documentState
    required property string status
    required property bool locked

    readonly property bool failed: documentState === DocumentListModel.Failed

    signal openWanted
    signal readWanted
    signal removeWanted
    signal unlockWanted

    radius: Theme.radiusCard
    color: Theme.surface
    border.width: Theme.hairline
    border.color: Theme.border
    implicitHeight: content.implicitHeight + 2 * Theme.space12
    Accessible.role: Accessible.ListItem
    Accessible.name: name
    Accessible.description: status

    RowLayout {
        id: content
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.verticalCenter: parent.verticalCenter
        anchors.leftMargin: Theme.space16
        anchors.rightMargin: Theme.space8
        spacing: Theme.space12

        Icon {
            name: row.failed ? "warning" : "file"
            color: row.failed ? Theme.danger : Theme.textMuted
            Layout.preferredWidth: Theme.icon
            Layout.preferredHeight: Theme.icon
            Accessible.ignored: true
        }
        ColumnLayout {
            spacing: 2
            Layout.fillWidth: true

            Text {
                text: row.name
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body
                font.weight: Font.DemiBold
                elide: Text.ElideMiddle
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                text: row.status
                textFormat: Text.PlainText
                color: row.failed ? Theme.danger : Theme.textMuted
                font.pixelSize: Theme.caption
                wrapMode: Text.Wrap
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                text: row.collection !== "" ? qsTr("%1 · in %2").arg(row.collection).arg(row.folder)
                    : qsTr("Of one chat · in %1").arg(row.folder)
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideMiddle
                Layout.fillWidth: true
                Accessible.ignored: true
            }
        }
        PushButton {
            visible: row.locked
            text: qsTr("Password…")
            compact: true
            Accessible.name: qsTr("Give the password of %1").arg(row.name)
            onClicked: row.unlockWanted()
        }
        PushButton {
            visible: row.documentState === DocumentListModel.Ready
            text: qsTr("Show")
            compact: true
            Accessible.name: qsTr("Show %1").arg(row.name)
            onClicked: row.openWanted()
        }
        IconButton {
            visible: row.documentId > 0 && row.documentState !== DocumentListModel.Reading
            iconName: "regenerate"
            iconSize: Theme.iconSmall
            text: qsTr("Read %1 again").arg(row.name)
            onClicked: row.readWanted()
        }
        IconButton {
            visible: row.documentId > 0
            iconName: "close"
            iconSize: Theme.iconSmall
            text: qsTr("Remove %1 from Alcove; the file stays").arg(row.name)
            onClicked: row.removeWanted()
        }
    }
}
