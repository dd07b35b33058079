// One chat of the sidebar: opens on a click, can be renamed, pinned and deleted.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.ItemDelegate {
    id: row

    required property int index
    required property var chatId
    required property string title
    required property bool pinned
    required property string heading // of the section that begins here; may be empty
    property bool open: false    // shown at the moment
    property bool current: false // chosen with the keyboard

    signal renamed(string title)
    signal pinWanted(bool pinned)
    signal deleteWanted

    function openMenu() {
        menu.popup(more, 0, more.height);
    }
    function beginRename() {
        field.text = row.title;
        field.visible = true;
        field.forceActiveFocus();
        field.selectAll();
    }
    // The keyboard goes back to the list: a field that vanishes would take it along.
    function endRename() {
        field.focus = false;
        row.ListView.view?.forceActiveFocus(Qt.TabFocusReason);
        field.visible = false;
    }

    implicitHeight: topInset + Theme.row
    topInset: heading === "" ? 0 : label.height
    topPadding: topInset
    leftPadding: mirrored ? Theme.space4 : Theme.space8 + 2
    rightPadding: mirrored ? Theme.space8 + 2 : Theme.space4
    hoverEnabled: true
    focusPolicy: Qt.NoFocus
    text: title
    Accessible.role: Accessible.ListItem
    Accessible.name: pinned ? qsTr("%1, pinned").arg(title) : title
    Accessible.selected: open

    contentItem: RowLayout { // qmllint disable deferred-property-id
        spacing: Theme.space4

        Icon {
            visible: row.pinned && !field.visible
            name: "pin"
            color: Theme.textMuted
            Layout.preferredWidth: Theme.iconSmall
            Layout.preferredHeight: Theme.iconSmall
            Accessible.ignored: true
        }
        Text {
            visible: !field.visible
            text: row.title
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            font.weight: row.open ? Font.DemiBold : Font.Normal
            elide: Text.ElideRight
            Layout.fillWidth: true
            Accessible.ignored: true
        }
        LineField {
            id: field
            visible: false
            label: qsTr("Title of the chat")
            implicitHeight: Theme.controlSmall + Theme.space4
            Layout.fillWidth: true
            onAccepted: {
                row.renamed(text);
                row.endRename();
            }
            onActiveFocusChanged: {
                if (!activeFocus)
                    visible = false;
            }
            Keys.onEscapePressed: row.endRename()
            // Not the list's Return as well, which opens the chat.
            Keys.onReturnPressed: accepted()
            Keys.onEnterPressed: accepted()
        }
        IconButton {
            id: more
            visible: !field.visible
            opacity: row.hovered || row.current || activeFocus || menu.visible ? 1 : 0
            implicitWidth: Theme.controlSmall
            implicitHeight: Theme.controlSmall
            iconName: "more"
            text: qsTr("More for “%1”").arg(row.title)
            focusPolicy: row.current ? Qt.StrongFocus : Qt.ClickFocus
            onClicked: row.openMenu()
        }
    }
    background: Rectangle {
        radius: Theme.radiusSmall
        color: row.open ? Theme.accentSoft : row.hovered ? Theme.surfaceHover : "transparent"
        FocusRing {
            shown: row.current
            distance: 0
        }
    }

    Text {
        id: label
        visible: row.heading !== ""
        width: parent.width
        height: implicitHeight
        text: row.heading
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        font.weight: Font.DemiBold
        leftPadding: Theme.space8 + 2
        rightPadding: Theme.space8
        topPadding: Theme.space12
        bottomPadding: Theme.space4
        elide: Text.ElideRight
        Accessible.role: Accessible.Heading
        Accessible.name: text

        // A click on the heading is no click on the chat under it.
        TapHandler {
            gesturePolicy: TapHandler.WithinBounds
        }
    }
    TapHandler {
        acceptedButtons: Qt.RightButton
        onTapped: menu.popup()
    }
    ContextMenu {
        id: menu

        ContextMenuItem {
            text: qsTr("Rename")
            iconName: "edit"
            keys: "F2"
            onTriggered: row.beginRename()
        }
        ContextMenuItem {
            text: row.pinned ? qsTr("Unpin") : qsTr("Pin to the top")
            iconName: "pin"
            onTriggered: row.pinWanted(!row.pinned)
        }
        ContextMenuLine {}
        ContextMenuItem {
            text: qsTr("Delete")
            iconName: "trash"
            keys: "Del"
            dangerous: true
            onTriggered: row.deleteWanted()
        }
    }
}
