// A table of an answer: a real grid; what is wider than the column scrolls sideways.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

BlockFrame {
    id: block

    required property int columns
    required property list<string> cells
    required property list<int> alignments
    property var citations: []

    signal linkWanted(string target)

    Rectangle {
        width: Math.min(block.bodyWidth, grid.implicitWidth + 2 * Theme.hairline)
        implicitHeight: grid.implicitHeight + 2 * Theme.hairline
        radius: Theme.radiusSmall
        color: Theme.background
        border.width: Theme.hairline
        border.color: Theme.border

        Flickable {
            anchors.fill: parent
            anchors.margins: Theme.hairline
            contentWidth: grid.implicitWidth
            contentHeight: height
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            flickableDirection: Flickable.HorizontalFlick
            interactive: contentWidth > width
            T.ScrollBar.horizontal: SlimScrollBar {}

            GridLayout {
                id: grid
                columns: Math.max(1, block.columns)
                columnSpacing: 0
                rowSpacing: 0

                Repeater {
                    model: block.cells.length

                    Rectangle {
                        id: cell

                        required property int index
                        readonly property int row: Math.floor(index / grid.columns)

                        color: row === 0 ? Theme.surface : "transparent"
                        implicitWidth: Math.ceil(words.width) + 2 * Theme.space12
                        implicitHeight: words.implicitHeight + 2 * Theme.space4 + Theme.space4
                        Layout.fillWidth: true
                        Layout.fillHeight: true

                        RichLine {
                            id: words
                            x: Theme.space12
                            y: Theme.space4
                            width: Math.min(Math.ceil(implicitWidth) + 1, Theme.cellWidth)
                            markup: block.cells[cell.index] ?? ""
                            citations: block.citations
                            font.pixelSize: Theme.body
                            font.weight: cell.row === 0 ? Font.DemiBold : Font.Normal
                            onLinkWanted: target => block.linkWanted(target)

                            Binding on x {
                                when: (block.alignments[cell.index % grid.columns] ?? Qt.AlignLeft) !== Qt.AlignLeft
                                value: (cell.width - words.width)
                                    / (block.alignments[cell.index % grid.columns] === Qt.AlignHCenter ? 2 : 1)
                                    - (block.alignments[cell.index % grid.columns] === Qt.AlignHCenter ? 0 : Theme.space12)
                            }
                        }
                        Rectangle {
                            visible: cell.row > 0
                            width: parent.width
                            height: Theme.hairline
                            color: Theme.border
                        }
                    }
                }
            }
        }
    }
}
