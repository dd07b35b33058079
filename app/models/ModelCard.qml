// One model file of the library.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

Rectangle {
    id: card

    required property ModelViewModel models
    required property string path
    required property string name
    required property string fileName
    required property string sizeText
    required property bool current
    required property bool starter
    required property string problem

    radius: Theme.radiusCard
    color: Theme.surface
    border.width: Theme.hairline
    border.color: current ? Theme.accent : Theme.border
    implicitHeight: row.implicitHeight + 2 * Theme.space12
    Layout.fillWidth: true
    Accessible.role: Accessible.ListItem
    Accessible.name: name
    Accessible.description: detail.text

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
                text: card.name
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body
                font.weight: Font.DemiBold
                elide: Text.ElideRight
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                id: detail
                text: card.problem !== "" ? card.problem
                    : card.starter ? qsTr("%1 · comes with Alcove, a demonstration").arg(card.sizeText)
                    : qsTr("%1 · %2").arg(card.sizeText).arg(card.fileName)
                textFormat: Text.PlainText
                color: card.problem !== "" ? Theme.danger : Theme.textMuted
                font.pixelSize: Theme.caption
                wrapMode: Text.Wrap
                Layout.fillWidth: true
                Accessible.ignored: true
            }
        }
        Text {
            visible: card.current && card.models.state === ModelViewModel.Ready
            text: qsTr("In use")
            textFormat: Text.PlainText
            color: Theme.accent
            font.pixelSize: Theme.body
            font.weight: Font.DemiBold
        }
        PushButton {
            visible: !(card.current && (card.models.state === ModelViewModel.Ready || card.models.state === ModelViewModel.Loading))
            enabled: card.problem === ""
            text: qsTr("Use")
            compact: true
            Accessible.name: qsTr("Use %1").arg(card.name)
            onClicked: card.models.choose(card.path)
        }
        IconButton {
            visible: !card.starter
            iconName: "close"
            iconSize: Theme.iconSmall
            text: qsTr("Remove %1 from the list; the file stays").arg(card.name)
            onClicked: card.models.remove(card.path)
        }
    }
}
