// The messages of a conversation. Follows the end while an answer grows, unless the user has scrolled
// up; Up and Down choose a message, Tab goes to its actions.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Chat
import Alcove.Controls
import Alcove.Theme

ListView {
    id: list

    required property ChatViewModel chat
    property bool following: true
    property bool pointed: false // the mouse brought the focus
    property real lastY: 0
    property bool held: false // where the user has folded something out, until the list is moved

    signal linkWanted(string target)
    signal sourceWanted(var citation)

    // Of the end, a line or two: a hand is not exact.
    readonly property bool nearEnd: contentY + height >= originY + contentHeight - Theme.space32

    function toEnd() {
        held = false;
        following = true;
        positionViewAtEnd();
    }
    function settle() {
        if (moving || bar.pressed)
            return; // a growing answer does not pull at the hand that scrolls
        if (following)
            positionViewAtEnd();
        else if (!held)
            following = nearEnd;
    }
    // What is folded out at the end of the list is read from its beginning: that stays where it is.
    function hold() {
        held = true;
        following = false;
    }
    function moved() {
        held = false;
        following = nearEnd;
    }

    model: chat.messages
    clip: true
    boundsBehavior: Flickable.StopAtBounds
    maximumFlickVelocity: 6000
    cacheBuffer: 1200
    reuseItems: false
    currentIndex: -1
    highlightFollowsCurrentItem: false
    keyNavigationEnabled: false
    activeFocusOnTab: true
    Accessible.role: Accessible.List
    Accessible.name: qsTr("Messages")

    T.ScrollBar.vertical: SlimScrollBar {
        id: bar
    }

    // Once what changed has been laid out.
    onContentHeightChanged: settling.restart()
    onHeightChanged: settling.restart()

    Timer {
        id: settling
        interval: 0
        onTriggered: list.settle()
    }
    // The ring around the current message is for those who came with the keyboard.
    PointHandler {
        id: pointer
        onActiveChanged: {
            if (active)
                list.pointed = true;
        }
    }
    onContentYChanged: {
        if (moving || bar.pressed) {
            const up = contentY < lastY;
            moved();
            if (up)
                following = false; // from the first pixel on
        }
        lastY = contentY;
    }
    onMovementEnded: {
        moved();
        settling.restart();
    }
    onActiveFocusChanged: {
        if (!activeFocus)
            pointed = false;
        else if (currentIndex < 0)
            currentIndex = count - 1;
    }
    Keys.onPressed: event => {
        pointed = false;
        let handled = true;
        switch (event.key) {
        case Qt.Key_Up:
            currentIndex = Math.max(0, currentIndex - 1);
            positionViewAtIndex(currentIndex, ListView.Contain);
            break;
        case Qt.Key_Down:
            currentIndex = Math.min(count - 1, currentIndex + 1);
            positionViewAtIndex(currentIndex, ListView.Contain);
            break;
        case Qt.Key_PageUp:
            contentY = Math.max(originY, contentY - height * 0.9);
            break;
        case Qt.Key_PageDown:
            contentY = Math.min(Math.max(originY, originY + contentHeight - height), contentY + height * 0.9);
            break;
        case Qt.Key_Home:
            positionViewAtBeginning();
            currentIndex = 0;
            break;
        case Qt.Key_End:
            toEnd();
            currentIndex = count - 1;
            break;
        default:
            handled = false;
        }
        if (handled)
            moved();
        event.accepted = handled;
    }

    Connections {
        target: list.chat
        function onOpened() {
            list.currentIndex = -1;
            list.toEnd();
        }
        function onSent() {
            list.toEnd();
        }
        function onEditRejected(id: var, text: string) {
            const row = list.chat.messages.rowOf(id);
            (list.itemAtIndex(row) as MessageDelegate)?.edit(text);
        }
    }

    delegate: MessageDelegate {
        width: list.width
        busy: list.chat.answering
        current: list.currentIndex === index && list.activeFocus && !list.pointed
        onLinkWanted: target => list.linkWanted(target)
        onSourceWanted: citation => list.sourceWanted(citation)
        onRegenerateWanted: id => list.chat.regenerate(id)
        onEdited: (id, text) => list.chat.edit(id, text)
        onSiblingWanted: (id, sibling) => list.chat.selectSibling(id, sibling)
        onReasoningToggled: (id, open) => {
            if (!open)
                list.held = false;
            else if (!thinking)
                list.hold();
            list.chat.messages.setReasoningOpen(id, open);
        }
    }

    T.RoundButton {
        id: jump
        visible: opacity > 0
        opacity: !list.following && !list.nearEnd && list.contentHeight > list.height ? 1 : 0
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.space12
        width: Theme.control
        height: Theme.control
        text: qsTr("Jump to the end")
        hoverEnabled: true
        Accessible.role: Accessible.Button
        Accessible.name: text
        Keys.onReturnPressed: clicked()
        onClicked: list.toEnd()

        background: Rectangle {
            radius: width / 2
            color: jump.hovered ? Theme.surfaceHover : Theme.background
            border.width: Theme.hairline
            border.color: Theme.borderStrong
            FocusRing {
                shown: jump.visualFocus
            }
        }
        contentItem: Item {
            Icon {
                anchors.centerIn: parent
                name: "arrow-down"
                color: Theme.text
                Accessible.ignored: true
            }
        }
        TipHost {
            wanted: jump.hovered || jump.visualFocus
            text: jump.text
        }
        Behavior on opacity {
            enabled: Theme.animated
            NumberAnimation {
                duration: Theme.quick
            }
        }
    }
}
