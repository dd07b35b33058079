// What can be done with a message. Takes its place always, so that showing it moves no text.
pragma ComponentBehavior: Bound

import QtQuick
import Alcove.Controls
import Alcove.Theme

Row {
    id: actions

    required property bool fromUser
    required property bool busy // an answer is being written
    required property bool shown
    required property bool reachable // by Tab
    required property string messageText
    required property string infoText
    required property var links // where those of the text lead
    required property int siblingIndex
    required property int siblingCount

    signal editWanted
    signal regenerateWanted
    signal siblingWanted(int index)
    signal linkWanted(string target)

    readonly property bool focusInside: copy.activeFocus || edit.activeFocus || again.activeFocus || linkAction.activeFocus
        || earlier.activeFocus || later.activeFocus || info.activeFocus

    spacing: 0
    height: Theme.controlSmall
    opacity: shown || focusInside ? 1 : 0

    component Action: IconButton {
        width: Theme.controlSmall + Theme.space4
        height: Theme.controlSmall
        iconSize: Theme.iconSmall
        focusPolicy: actions.reachable || activeFocus ? Qt.StrongFocus : Qt.ClickFocus
    }

    Action {
        id: earlier
        visible: actions.siblingCount > 1
        enabled: actions.siblingIndex > 0 && !actions.busy
        iconName: "chevron-left"
        mirrorIcon: true
        text: qsTr("Earlier version")
        onClicked: actions.siblingWanted(actions.siblingIndex - 1)
    }
    Text {
        visible: actions.siblingCount > 1
        height: actions.height
        verticalAlignment: Text.AlignVCenter
        text: qsTr("%1 of %2").arg(actions.siblingIndex + 1).arg(actions.siblingCount)
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
    }
    Action {
        id: later
        visible: actions.siblingCount > 1
        enabled: actions.siblingIndex + 1 < actions.siblingCount && !actions.busy
        iconName: "chevron-right"
        mirrorIcon: true
        text: qsTr("Later version")
        onClicked: actions.siblingWanted(actions.siblingIndex + 1)
    }
    Action {
        id: copy
        property bool done: false
        enabled: actions.messageText !== ""
        iconName: done ? "check" : "copy"
        iconColor: done ? Theme.success : Theme.textMuted
        text: done ? qsTr("Copied") : qsTr("Copy")
        onClicked: {
            clipboard.copy(actions.messageText);
            done = true;
            back.restart();
        }

        Timer {
            id: back
            interval: 1500
            onTriggered: copy.done = false
        }
        Clipboard {
            id: clipboard
        }
    }
    Action {
        id: edit
        visible: actions.fromUser
        enabled: !actions.busy
        iconName: "edit"
        text: qsTr("Edit and ask again")
        onClicked: actions.editWanted()
    }
    Action {
        id: again
        visible: !actions.fromUser
        enabled: !actions.busy
        iconName: "regenerate"
        text: qsTr("Answer again")
        onClicked: actions.regenerateWanted()
    }
    // The keyboard's way to what a click on the text does.
    Action {
        id: linkAction
        visible: actions.links.length > 0
        iconName: "link"
        text: qsTr("Links")
        onClicked: linkMenu.popup(linkAction, 0, linkAction.height)

        ContextMenu {
            id: linkMenu
            implicitWidth: Theme.dialogWidth

            Instantiator {
                model: actions.links
                delegate: ContextMenuItem {
                    required property string modelData
                    text: modelData
                    iconName: "link"
                    onTriggered: actions.linkWanted(modelData)
                }
                onObjectAdded: (index, object) => linkMenu.insertItem(index, object)
                onObjectRemoved: (index, object) => linkMenu.removeItem(object)
            }
        }
    }
    Action {
        id: info
        visible: actions.infoText !== ""
        iconName: "info"
        text: actions.infoText
        onClicked: clipboard.copy(actions.infoText)
    }
}
