// A slider. `label` is its name for screen readers.
import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.Slider {
    id: control

    required property string label

    implicitWidth: Theme.menuWidth
    implicitHeight: Theme.control
    padding: Theme.space4
    hoverEnabled: true
    opacity: enabled ? 1 : 0.5
    Accessible.name: label

    background: Rectangle {
        x: control.leftPadding
        y: Math.round((control.height - height) / 2)
        width: control.availableWidth
        height: Theme.space4
        radius: height / 2
        color: Theme.borderStrong
        Rectangle {
            x: control.mirrored ? parent.width - width : 0
            width: control.position * parent.width
            height: parent.height
            radius: parent.radius
            color: Theme.accent
        }
    }
    handle: Rectangle {
        x: control.leftPadding + control.visualPosition * (control.availableWidth - width)
        y: Math.round((control.height - height) / 2)
        width: Theme.icon
        height: Theme.icon
        radius: width / 2
        color: Theme.background
        border.width: Theme.focusRing
        border.color: Theme.accent
        scale: control.pressed || control.hovered ? 1.1 : 1
        FocusRing {
            shown: control.visualFocus
        }
    }
}
