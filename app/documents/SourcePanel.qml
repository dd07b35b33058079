// The document beside the chat, at the passage that is cited.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Documents
import Alcove.Theme

Rectangle {
    id: panel

    required property SourceViewModel source
    // The text is wanted, though the page can be drawn.
    property bool textWanted: false

    readonly property bool drawn: source.pictured && !textWanted && source.pictureError === ""

    function takeFocus() {
        flick.forceActiveFocus(Qt.TabFocusReason);
    }
    function reveal() {
        let top = 0;
        if (drawn && source.firstMark >= 0)
            top = picture.y + source.firstMark * picture.height;
        else if (!drawn)
            top = words.y + words.positionToRectangle(source.markedAt).y;
        flick.contentY = Math.max(0, Math.min(top - flick.height / 4, flick.contentHeight - flick.height));
    }

    color: Theme.surface
    Accessible.role: Accessible.Pane
    Accessible.name: qsTr("Source: %1").arg(source.name)
    Keys.onEscapePressed: source.close()

    // Once it has been laid out.
    Timer {
        id: revealing
        interval: 0
        onTriggered: panel.reveal()
    }
    Connections {
        target: panel.source
        function onPageChanged() {
            revealing.restart();
        }
        function onPictureChanged() {
            revealing.restart();
        }
    }
    onTextWantedChanged: revealing.restart()

    Rectangle {
        anchors.top: parent.top
        anchors.bottom: parent.bottom
        anchors.left: parent.left
        width: Theme.hairline
        color: Theme.border
        z: 1
    }
    RowLayout {
        id: head
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: Theme.space16
        anchors.rightMargin: Theme.space8
        height: Theme.header
        spacing: Theme.space4

        ColumnLayout {
            spacing: 0
            Layout.fillWidth: true

            Text {
                text: panel.source.name
                textFormat: Text.PlainText
                color: Theme.text
                font.pixelSize: Theme.body
                font.weight: Font.DemiBold
                elide: Text.ElideMiddle
                Layout.fillWidth: true
                Accessible.role: Accessible.Heading
                Accessible.name: text
            }
            Text {
                visible: text !== ""
                text: panel.source.place
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideRight
                Layout.fillWidth: true
                Accessible.role: Accessible.StaticText
                Accessible.name: text
            }
        }
        IconButton {
            visible: panel.source.hasEarlier || panel.source.hasLater
            enabled: panel.source.hasEarlier
            iconName: "chevron-left"
            mirrorIcon: true
            text: qsTr("Page before")
            onClicked: panel.source.turn(-1)
        }
        IconButton {
            visible: panel.source.hasEarlier || panel.source.hasLater
            enabled: panel.source.hasLater
            iconName: "chevron-right"
            mirrorIcon: true
            text: qsTr("Next page")
            onClicked: panel.source.turn(1)
        }
        IconButton {
            visible: panel.source.pictured && panel.source.pictureError === ""
            iconName: panel.textWanted ? "file" : "documents"
            text: panel.textWanted ? qsTr("Show the page") : qsTr("Show its text")
            onClicked: panel.textWanted = !panel.textWanted
        }
        IconButton {
            iconName: "external"
            text: qsTr("Open the file in its own program")
            onClicked: panel.source.openFile()
        }
        IconButton {
            iconName: "close"
            text: qsTr("Close")
            keys: "Esc"
            onClicked: panel.source.close()
        }
    }
    Rectangle {
        id: line
        anchors.top: head.bottom
        width: parent.width
        height: Theme.hairline
        color: Theme.border
    }
    Flickable {
        id: flick
        anchors.top: line.bottom
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.bottom: parent.bottom
        clip: true
        contentWidth: width
        contentHeight: column.implicitHeight + 2 * Theme.space16
        boundsBehavior: Flickable.StopAtBounds
        activeFocusOnTab: true
        T.ScrollBar.vertical: SlimScrollBar {}
        Keys.onUpPressed: contentY = Math.max(0, contentY - Theme.space32)
        Keys.onDownPressed: contentY = Math.max(0, Math.min(contentHeight - height, contentY + Theme.space32))
        Keys.onPressed: event => {
            if (event.key === Qt.Key_PageDown || event.key === Qt.Key_PageUp) {
                event.accepted = true;
                panel.source.turn(event.key === Qt.Key_PageDown ? 1 : -1);
            }
        }

        Column {
            id: column
            x: Theme.space16
            y: Theme.space16
            width: flick.width - 2 * Theme.space16
            spacing: Theme.space12

            Notice {
                visible: panel.source.note !== ""
                width: parent.width
                tone: Notice.Warning
                text: panel.source.note
            }
            Notice {
                visible: panel.source.pictureError !== ""
                width: parent.width
                tone: Notice.Warning
                text: panel.source.pictureError
            }
            PageImage {
                id: picture
                visible: panel.drawn
                width: parent.width
                source: panel.source
                markColor: Theme.paperMark
                Accessible.role: Accessible.Graphic
                Accessible.name: panel.source.place
            }
            TextEdit {
                id: words
                visible: !panel.drawn
                width: parent.width
                text: panel.source.before + "<span style=\"background-color:" + Theme.highlight + "\">"
                    + panel.source.marked + "</span>" + panel.source.after
                textFormat: TextEdit.RichText
                readOnly: true
                selectByMouse: true
                wrapMode: TextEdit.Wrap
                color: Theme.text
                selectionColor: Theme.selection
                selectedTextColor: Theme.text
                font.pixelSize: Theme.body
                Accessible.role: Accessible.StaticText
                Accessible.name: getText(0, length)
                Accessible.readOnly: true
            }
        }
    }
    FocusRing {
        anchors.fill: flick
        shown: flick.activeFocus
        distance: 0
    }
}
