// A thin scroll bar that widens its colour under the pointer.
import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.ScrollBar {
    id: control

    implicitWidth: Theme.scrollBar + leftPadding + rightPadding
    implicitHeight: Theme.scrollBar + topPadding + bottomPadding
    padding: 2
    minimumSize: 0.06
    visible: policy !== T.ScrollBar.AlwaysOff && size < 1
    Accessible.ignored: true

    contentItem: Rectangle {
        implicitWidth: Theme.scrollBar
        implicitHeight: Theme.scrollBar
        radius: Theme.scrollBar / 2
        color: control.pressed || control.hovered ? Theme.borderStrong : Theme.border
    }
}
