// Three dots that breathe while the model has not said anything yet.
pragma ComponentBehavior: Bound

import QtQuick
import Alcove.Theme

Row {
    id: dots

    spacing: Theme.space4 + 2
    Accessible.ignored: true

    Repeater {
        model: 3

        Rectangle {
            id: dot
            required property int index
            width: Theme.dot
            height: Theme.dot
            radius: width / 2
            color: Theme.accent

            SequentialAnimation on opacity {
                running: dots.visible && Theme.animated
                loops: Animation.Infinite
                PauseAnimation {
                    duration: dot.index * 160
                }
                NumberAnimation {
                    to: 1
                    duration: 320
                    easing.type: Easing.InOutSine
                }
                NumberAnimation {
                    to: 0.35
                    duration: 320
                    easing.type: Easing.InOutSine
                }
                PauseAnimation {
                    duration: (2 - dot.index) * 160 + 240
                }
            }
        }
    }
}
