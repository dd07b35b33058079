// A short word about what has just been done, with a way to undo it; goes away by itself, but not
// under the pointer or while it has the keyboard.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Theme

Rectangle {
    id: bar

    property string text: ""
    property string actionText: ""
    property string actionKeys: "" // the shortcut that does the same
    signal acted

    function show(words: string, button: string) {
        text = words;
        actionText = button;
        open = true;
        timer.restart();
    }
    function act() {
        open = false;
        acted();
    }
    property bool open: false

    visible: opacity > 0
    opacity: open ? 1 : 0
    implicitWidth: row.implicitWidth + Theme.space16 + Theme.space8
    implicitHeight: Theme.control + Theme.space12
    radius: Theme.radiusCard
    color: Theme.text
    Accessible.role: Accessible.AlertMessage
    Accessible.name: text

    Behavior on opacity {
        enabled: Theme.animated
        NumberAnimation {
            duration: Theme.gentle
            easing.type: Easing.OutCubic
        }
    }
    Timer {
        id: timer
        interval: 8000
        onTriggered: {
            if (hover.hovered || button.activeFocus || close.activeFocus)
                restart();
            else
                bar.open = false;
        }
    }
    HoverHandler {
        id: hover
    }
    RowLayout {
        id: row
        anchors.fill: parent
        anchors.leftMargin: Theme.space16
        anchors.rightMargin: Theme.space8
        spacing: Theme.space8

        Text {
            text: bar.text
            textFormat: Text.PlainText
            color: Theme.background
            font.pixelSize: Theme.body
            elide: Text.ElideMiddle
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.dialogWidth
            Accessible.ignored: true
        }
        PushButton {
            id: button
            visible: bar.actionText !== ""
            text: bar.actionText
            compact: true
            tip: bar.actionText
            keys: bar.actionKeys
            enabled: bar.open
            onClicked: bar.act()
        }
        IconButton {
            id: close
            implicitWidth: Theme.controlSmall
            implicitHeight: Theme.controlSmall
            iconName: "close"
            iconSize: Theme.iconSmall
            iconColor: hovered ? Theme.text : Theme.background
            text: qsTr("Dismiss")
            enabled: bar.open
            onClicked: bar.open = false
        }
    }
}
