// A line across the answer.
import QtQuick
import Alcove.Theme

BlockFrame {
    id: block

    Item {
        width: block.bodyWidth
        implicitHeight: Theme.space8

        Rectangle {
            anchors.verticalCenter: parent.verticalCenter
            width: parent.width
            height: Theme.hairline
            color: Theme.border
        }
    }
}
