// An on-off switch with its words at the start.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.Switch {
    id: control

    implicitWidth: indicator.implicitWidth + (text === "" ? 0 : Theme.space12 + contentItem.implicitWidth)
    implicitHeight: Math.max(Theme.control, contentItem.implicitHeight)
    hoverEnabled: true
    opacity: enabled ? 1 : 0.5
    Accessible.name: text
    Keys.onReturnPressed: toggle()
    Keys.onEnterPressed: toggle()

    indicator: Rectangle {
        implicitWidth: Theme.space32 + Theme.space8
        implicitHeight: Theme.space24
        x: control.mirrored ? 0 : control.width - width
        y: Math.round((control.height - height) / 2)
        radius: height / 2
        color: control.checked ? Theme.accent : Theme.background
        border.width: control.checked ? 0 : Theme.hairline
        border.color: Theme.borderStrong
        FocusRing {
            shown: control.visualFocus
        }
        Rectangle {
            width: Theme.space16
            height: Theme.space16
            radius: width / 2
            y: Theme.space4
            x: Theme.space4 + control.visualPosition * (parent.width - width - 2 * Theme.space4)
            color: control.checked ? Theme.textOnAccent : Theme.borderStrong
            Behavior on x {
                enabled: Theme.animated && !control.pressed
                NumberAnimation {
                    duration: Theme.quick
                }
            }
        }
    }
    contentItem: Text {
        text: control.text
        textFormat: Text.PlainText
        color: Theme.text
        font.pixelSize: Theme.body
        wrapMode: Text.Wrap
        verticalAlignment: Text.AlignVCenter
        leftPadding: control.mirrored ? control.indicator.width + Theme.space12 : 0
        rightPadding: control.mirrored ? 0 : control.indicator.width + Theme.space12
        Accessible.ignored: true
    }
}
