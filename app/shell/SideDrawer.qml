// What slides over the pages of a narrow window.
import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.Drawer {
    id: drawer

    modal: true
    focus: true
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutside

    // Not in a file with bound components: Qt 6.4 makes none of those here.
    T.Overlay.modal: Rectangle {
        color: Theme.scrim
    }
    background: Rectangle {
        color: Theme.surface
    }
    enter: Transition {
        NumberAnimation {
            property: "position"
            to: 1
            duration: Theme.gentle
            easing.type: Easing.OutCubic
        }
    }
    exit: Transition {
        NumberAnimation {
            property: "position"
            to: 0
            duration: Theme.gentle
            easing.type: Easing.OutCubic
        }
    }
}
