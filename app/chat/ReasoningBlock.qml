// What a model thought before its answer: a quiet line that folds out. While it thinks, the sentence
// being written runs below, one line high whatever comes: nothing under it moves.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Chat
import Alcove.Controls
import Alcove.Theme

Column {
    id: block

    required property string reasoning
    required property string label
    required property string newest
    required property bool thinking
    required property bool open
    property bool reachable: true // by Tab

    signal toggled(bool open)

    visible: reasoning !== ""

    // Most messages have none and pay for none. Not a Loader: in Qt 6.4 it cannot make what is bound
    // to its surroundings.
    Repeater {
        model: block.reasoning !== "" ? 1 : 0

        Item {
            width: block.width
            height: header.height + (body.visible ? Theme.space4 + body.height + Theme.space12 : 0)

            T.AbstractButton {
                id: header

                readonly property color ink: hovered ? Theme.text : Theme.textMuted

                anchors.left: parent.left
                anchors.leftMargin: -leftPadding // the words stand above those of the answer
                text: block.label
                implicitWidth: row.implicitWidth + leftPadding + rightPadding
                implicitHeight: Theme.controlSmall
                horizontalPadding: Theme.space4 + 2
                hoverEnabled: true
                focusPolicy: block.reachable || activeFocus ? Qt.StrongFocus : Qt.ClickFocus
                Accessible.role: Accessible.Button
                Accessible.name: text
                Accessible.description: block.open ? qsTr("Expanded") : qsTr("Collapsed")
                Keys.onReturnPressed: clicked()
                Keys.onEnterPressed: clicked()
                onClicked: block.toggled(!block.open)

                contentItem: Item { // qmllint disable deferred-property-id
                    Row {
                        id: row
                        anchors.verticalCenter: parent.verticalCenter
                        spacing: Theme.space8

                        ThinkingDots {
                            id: dots
                            visible: block.thinking
                            rightPadding: Theme.space4
                            anchors.verticalCenter: parent.verticalCenter
                        }
                        Text {
                            text: header.text
                            textFormat: Text.PlainText
                            color: header.ink
                            font.pixelSize: Theme.body
                            elide: Text.ElideRight
                            width: Math.min(implicitWidth, block.width - chevron.width - row.spacing
                                - (dots.visible ? dots.width + row.spacing : 0))
                            anchors.verticalCenter: parent.verticalCenter
                            Accessible.ignored: true
                        }
                        Icon {
                            id: chevron
                            name: "chevron-right"
                            mirrored: header.mirrored
                            color: header.ink
                            rotation: block.open ? (header.mirrored ? -90 : 90) : 0
                            width: Theme.iconSmall
                            height: Theme.iconSmall
                            anchors.verticalCenter: parent.verticalCenter
                            Accessible.ignored: true

                            Behavior on rotation {
                                enabled: Theme.animated
                                NumberAnimation {
                                    duration: Theme.quick
                                    easing.type: Easing.OutCubic
                                }
                            }
                        }
                    }
                }
                background: Rectangle {
                    radius: Theme.radiusSmall
                    color: header.hovered ? Theme.surfaceRaised : "transparent"
                    FocusRing {
                        shown: header.visualFocus
                        distance: 0
                    }
                }
            }
            Item {
                id: body

                visible: block.open || block.thinking
                anchors.left: parent.left
                anchors.right: parent.right
                anchors.top: header.bottom
                anchors.topMargin: Theme.space4
                height: block.open ? whole.height : Math.ceil(metrics.lineSpacing)
                clip: !block.open

                Rectangle {
                    id: bar
                    anchors.left: parent.left
                    width: Theme.quoteBar
                    height: parent.height
                    radius: width / 2
                    color: Theme.border
                }
                // The end of the sentence, when it is longer than the line.
                Text {
                    id: line
                    visible: !block.open
                    anchors.left: bar.right
                    anchors.right: parent.right
                    anchors.bottom: parent.bottom
                    anchors.leftMargin: Theme.space12
                    text: block.newest
                    textFormat: Text.PlainText
                    wrapMode: Text.Wrap
                    color: Theme.textMuted
                    font.pixelSize: Theme.body
                    Accessible.ignored: true
                }
                FontMetrics {
                    id: metrics
                    font: line.font
                }
                Column {
                    id: whole
                    anchors.left: bar.right
                    anchors.right: parent.right
                    anchors.leftMargin: Theme.space12

                    Repeater {
                        model: block.open ? 1 : 0

                        TextEdit {
                            id: thoughts

                            width: whole.width
                            readOnly: true
                            selectByMouse: true
                            wrapMode: TextEdit.Wrap
                            textFormat: TextEdit.PlainText
                            color: Theme.textMuted
                            selectionColor: Theme.selection
                            selectedTextColor: Theme.text
                            font.pixelSize: Theme.body
                            activeFocusOnTab: false
                            Accessible.role: Accessible.StaticText
                            Accessible.name: block.reasoning
                            Accessible.readOnly: true

                            HoverHandler {
                                cursorShape: Qt.IBeamCursor
                            }
                            GrowingText {
                                document: thoughts.textDocument
                                text: block.reasoning
                                lineHeight: 100 * Theme.proseLineHeight
                            }
                        }
                    }
                }
            }
        }
    }
}
