// Where an answer stands: its citations, each a way to the passage.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

ColumnLayout {
    id: list

    required property var citations // of MessageListModel's citations
    required property string summary
    required property bool reachable // by Tab

    signal sourceWanted(var citation)

    spacing: Theme.space4
    visible: summary !== ""

    Flow {
        visible: list.citations.length > 0
        spacing: Theme.space8
        Layout.fillWidth: true

        Repeater {
            model: list.citations

            T.AbstractButton {
                id: chip

                required property var modelData

                implicitWidth: Math.min(content.implicitWidth + 2 * Theme.space8, list.width)
                implicitHeight: Theme.controlSmall
                hoverEnabled: true
                focusPolicy: list.reachable || activeFocus ? Qt.StrongFocus : Qt.ClickFocus
                Accessible.role: Accessible.Button
                Accessible.name: qsTr("Source %1: %2").arg(modelData.number).arg(modelData.source)
                Accessible.description: modelData.text
                Keys.onReturnPressed: clicked()
                Keys.onEnterPressed: clicked()
                onClicked: list.sourceWanted(modelData)

                contentItem: Item { // qmllint disable deferred-property-id
                    RowLayout {
                        id: content
                        anchors.left: parent.left
                        anchors.leftMargin: Theme.space8
                        anchors.verticalCenter: parent.verticalCenter
                        width: Math.min(implicitWidth, parent.width - 2 * Theme.space8)
                        spacing: Theme.space8

                        Text {
                            text: chip.modelData.number
                            textFormat: Text.PlainText
                            color: Theme.accent
                            font.pixelSize: Theme.caption
                            font.weight: Font.DemiBold
                            Accessible.ignored: true
                        }
                        Text {
                            text: chip.modelData.source
                            textFormat: Text.PlainText
                            color: Theme.text
                            font.pixelSize: Theme.caption
                            elide: Text.ElideMiddle
                            Layout.fillWidth: true
                            Accessible.ignored: true
                        }
                    }
                }
                background: Rectangle {
                    radius: Theme.radiusSmall
                    color: chip.hovered ? Theme.surfaceHover : Theme.surfaceRaised
                    FocusRing {
                        shown: chip.visualFocus
                    }
                }
                TipHost {
                    wanted: chip.hovered || chip.visualFocus
                    text: chip.modelData.text
                }
            }
        }
    }
    Text {
        text: list.summary
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        wrapMode: Text.Wrap
        Layout.fillWidth: true
        Accessible.role: Accessible.StaticText
        Accessible.name: text
    }
}
