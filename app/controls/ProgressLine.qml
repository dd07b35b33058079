// A line that fills. `value` from 0 to 1; `label` says of what, to screen readers.
import QtQuick
import Alcove.Theme

Rectangle {
    id: line

    required property string label
    property real value: 0
    property color ink: Theme.accent

    implicitHeight: Theme.contextBar
    color: Theme.surfaceRaised
    Accessible.role: Accessible.ProgressBar
    Accessible.name: label
    Accessible.description: qsTr("%1 %").arg(Math.round(line.value * 100))

    Rectangle {
        height: parent.height
        width: parent.width * Math.max(0, Math.min(1, line.value))
        x: line.LayoutMirroring.enabled ? parent.width - width : 0
        color: line.ink
        Behavior on width {
            enabled: Theme.animated
            NumberAnimation {
                duration: Theme.gentle
                easing.type: Easing.OutCubic
            }
        }
    }
}
