// The ring around the control that has the keyboard.
import QtQuick
import Alcove.Theme

Rectangle {
    property bool shown: false
    property int distance: Theme.focusRing

    anchors.fill: parent
    anchors.margins: -distance
    visible: shown
    color: "transparent"
    border.width: Theme.focusRing
    border.color: Theme.accent
    radius: (parent as Rectangle)?.radius + distance
    Accessible.ignored: true
}
