// The files that belong to this chat, as chips above the composer's text.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Chat
import Alcove.Controls
import Alcove.Theme

Flow {
    id: bar

    required property ChatDocuments documents

    visible: documents.attachments.length > 0
    spacing: Theme.space8
    Accessible.role: Accessible.List
    Accessible.name: qsTr("Files of this chat")

    Repeater {
        model: bar.documents.attachments

        Rectangle {
            id: chip

            required property var modelData

            implicitWidth: Math.min(row.implicitWidth + Theme.space8, bar.width)
            implicitHeight: Theme.controlSmall + Theme.space4
            radius: Theme.radiusSmall
            color: chip.modelData.failed ? Theme.dangerSoft : Theme.surfaceRaised
            Accessible.role: Accessible.ListItem
            Accessible.name: chip.modelData.name
            Accessible.description: chip.modelData.failed ? chip.modelData.problem
                : chip.modelData.busy ? qsTr("Being read") : ""

            HoverHandler {
                id: hover
            }
            TipHost {
                wanted: hover.hovered && !chip.menuOpen
                text: chip.modelData.failed ? chip.modelData.problem : chip.modelData.path
            }
            readonly property bool menuOpen: menu.visible

            RowLayout {
                id: row
                anchors.fill: parent
                anchors.leftMargin: Theme.space8
                spacing: Theme.space4

                Icon {
                    name: chip.modelData.failed ? "warning" : "file"
                    color: chip.modelData.failed ? Theme.danger : Theme.textMuted
                    Layout.preferredWidth: Theme.iconSmall
                    Layout.preferredHeight: Theme.iconSmall
                    Accessible.ignored: true
                }
                Text {
                    text: chip.modelData.busy ? qsTr("%1 – reading…").arg(chip.modelData.name) : chip.modelData.name
                    textFormat: Text.PlainText
                    color: Theme.text
                    font.pixelSize: Theme.caption
                    elide: Text.ElideMiddle
                    Layout.fillWidth: true
                    Layout.maximumWidth: Theme.menuWidth
                    Accessible.ignored: true
                }
                IconButton {
                    implicitWidth: Theme.controlSmall
                    implicitHeight: Theme.controlSmall
                    visible: chip.modelData.documentId > 0
                    iconName: "more"
                    iconSize: Theme.iconSmall
                    text: qsTr("What to do with %1").arg(chip.modelData.name)
                    onClicked: menu.popup(chip, 0, chip.height)
                }
            }
            ContextMenu {
                id: menu
                implicitWidth: Theme.sidebarWidth

                Instantiator {
                    model: chip.modelData.failed ? [] : bar.documents.collections
                    delegate: ContextMenuItem {
                        required property var modelData
                        text: qsTr("Move to %1").arg(modelData.name)
                        iconName: "folder"
                        onTriggered: bar.documents.keep(chip.modelData.documentId, modelData.name)
                    }
                    onObjectAdded: (index, object) => menu.insertItem(index, object)
                    onObjectRemoved: (index, object) => menu.removeItem(object)
                }
                ContextMenuItem {
                    text: qsTr("Remove from this chat")
                    iconName: "close"
                    onTriggered: bar.documents.detach(chip.modelData.documentId)
                }
            }
        }
    }
}
