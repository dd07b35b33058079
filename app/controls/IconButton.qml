// A button that shows an icon alone. `text` is its name for everyone: tooltip and screen reader.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.AbstractButton {
    id: control

    required property string iconName
    property string keys: "" // the shortcut the tooltip tells, e.g. "Ctrl+N"
    property int iconSize: Theme.icon
    property color iconColor: Theme.textMuted
    property color fill: "transparent"
    property color fillHover: Theme.surfaceHover
    property bool mirrorIcon: false // turn the icon round in right-to-left layouts
    property int radius: Theme.radiusSmall

    implicitWidth: Theme.control
    implicitHeight: Theme.control
    hoverEnabled: true
    focusPolicy: Qt.StrongFocus
    opacity: enabled ? 1 : 0.45
    Accessible.role: Accessible.Button
    Accessible.name: text
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()

    contentItem: Item {
        Icon {
            anchors.centerIn: parent
            width: control.iconSize
            height: control.iconSize
            name: control.iconName
            color: control.iconColor
            mirrored: control.mirrorIcon && control.mirrored
            Accessible.ignored: true
        }
    }
    background: Rectangle {
        radius: control.radius
        color: (control.hovered && control.enabled) || control.checked ? control.fillHover : control.fill
        scale: control.down && Theme.animated ? 0.96 : 1
        FocusRing {
            shown: control.visualFocus
            distance: 0
        }
        Behavior on color {
            enabled: Theme.animated
            ColorAnimation {
                duration: Theme.quick
            }
        }
    }

    TipHost {
        wanted: (control.hovered || control.visualFocus) && !control.down
        text: control.text
        keys: control.keys
    }
}
