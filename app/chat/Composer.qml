// Where a prompt is typed. Grows to eight lines; the round button sends, and stops while an answer is
// written. What keeps it from sending is said beneath, in words.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Chat
import Alcove.Controls
import Alcove.Theme

ColumnLayout {
    id: composer

    required property ChatViewModel chat
    required property ChatDocuments documents
    property alias area: area

    signal documentsPageWanted

    function takeFocus() {
        area.forceActiveFocus();
    }

    spacing: Theme.space4

    FileDialog {
        id: dialog
        title: qsTr("Ask about files")
        fileMode: FileDialog.OpenFiles
        onAccepted: composer.documents.attach(selectedFiles)
    }
    AttachmentBar {
        documents: composer.documents
        Layout.fillWidth: true
        Layout.bottomMargin: Theme.space4
    }
    Rectangle {
        Layout.fillWidth: true
        implicitHeight: Math.max(flick.height, send.height) + 2 * Theme.space8
        radius: Theme.radiusBubble
        color: Theme.background
        border.width: area.activeFocus ? Theme.focusRing : Theme.hairline
        border.color: area.activeFocus ? Theme.accent : Theme.borderStrong

        TapHandler {
            onTapped: composer.takeFocus()
        }
        Flickable {
            id: flick
            anchors.left: sources.right
            anchors.right: send.left
            anchors.verticalCenter: parent.verticalCenter
            anchors.leftMargin: Theme.space8
            anchors.rightMargin: Theme.space8
            height: Math.min(area.implicitHeight, Theme.composerLines * area.lineHeight + 2 * area.topPadding)
            contentWidth: width
            contentHeight: area.implicitHeight
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            T.ScrollBar.vertical: SlimScrollBar {}

            // Keeps the line of the cursor in sight.
            function reveal(line: rect) {
                if (line.y < contentY)
                    contentY = line.y;
                else if (line.y + line.height > contentY + height)
                    contentY = line.y + line.height - height;
            }

            T.TextArea {
                id: area

                // As they are laid out: in whole pixels, which the font's own spacing is not.
                readonly property real lineHeight: contentHeight / Math.max(1, lineCount)

                width: flick.width
                implicitHeight: contentHeight + topPadding + bottomPadding
                topPadding: Theme.space4
                bottomPadding: Theme.space4
                text: composer.chat.draft
                color: Theme.text
                placeholderTextColor: Theme.textMuted
                selectionColor: Theme.selection
                selectedTextColor: Theme.text
                selectByMouse: true
                wrapMode: TextEdit.Wrap
                textFormat: TextEdit.PlainText
                font.pixelSize: Theme.message
                placeholderText: qsTr("Write a message")
                Keys.onTabPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
                Keys.onBacktabPressed: nextItemInFocusChain(false).forceActiveFocus(Qt.BacktabFocusReason)
                Accessible.role: Accessible.EditableText
                Accessible.name: qsTr("Message")
                Accessible.description: hint.text
                onTextChanged: composer.chat.draft = text
                onCursorRectangleChanged: flick.reveal(cursorRectangle)
                Keys.onPressed: event => {
                    if (event.key === Qt.Key_Escape && composer.chat.answering) {
                        event.accepted = true;
                        composer.chat.stop();
                        return;
                    }
                    if ((event.key !== Qt.Key_Return && event.key !== Qt.Key_Enter) || inputMethodComposing)
                        return;
                    const control = (event.modifiers & Qt.ControlModifier) !== 0;
                    const shift = (event.modifiers & Qt.ShiftModifier) !== 0;
                    if (control || (composer.chat.sendWithEnter && !shift)) {
                        event.accepted = true;
                        composer.chat.send();
                    }
                }

                Text {
                    visible: area.length === 0 && area.preeditText === ""
                    x: area.leftPadding
                    y: area.topPadding
                    width: area.width
                    text: area.placeholderText
                    textFormat: Text.PlainText
                    color: area.placeholderTextColor
                    font: area.font
                    elide: Text.ElideRight
                    Accessible.ignored: true
                }
            }
        }
        IconButton {
            id: sources
            anchors.left: parent.left
            anchors.leftMargin: Theme.space8
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.space8
            radius: width / 2
            iconName: "attach"
            iconColor: composer.documents.any ? Theme.accent : Theme.textMuted
            text: composer.documents.summary !== ""
                ? qsTr("Questions are asked of %1").arg(composer.documents.summary)
                : qsTr("Ask about documents")
            onClicked: menu.popup(sources, 0, -menu.implicitHeight - Theme.space4)

            ContextMenu {
                id: menu
                implicitWidth: Theme.sidebarWidth

                ContextMenuItem {
                    text: qsTr("Attach files to this chat…")
                    iconName: "attach"
                    onTriggered: dialog.open()
                }
                ContextMenuLine {}
                Instantiator {
                    model: composer.documents.collections
                    delegate: ContextMenuItem {
                        required property var modelData
                        text: modelData.name
                        note: qsTr("%n document(s)", "", modelData.documents)
                        checkable: true
                        checked: modelData.ticked
                        onTriggered: composer.documents.toggle(modelData.name)
                    }
                    onObjectAdded: (index, object) => menu.insertItem(index + 2, object)
                    onObjectRemoved: (index, object) => menu.removeItem(object)
                }
                ContextMenuItem {
                    text: qsTr("All about documents")
                    iconName: "documents"
                    onTriggered: composer.documentsPageWanted()
                }
            }
        }
        IconButton {
            id: send

            readonly property bool stops: composer.chat.answering

            anchors.right: parent.right
            anchors.rightMargin: Theme.space8
            anchors.bottom: parent.bottom
            anchors.bottomMargin: Theme.space8
            radius: width / 2
            enabled: stops || composer.chat.canSend
            opacity: 1
            iconName: stops ? "stop" : "send"
            iconColor: enabled ? Theme.textOnAccent : Theme.textMuted
            fill: enabled ? Theme.accent : Theme.surfaceRaised
            fillHover: enabled ? Theme.accentHover : Theme.surfaceRaised
            text: stops ? qsTr("Stop the answer") : qsTr("Send")
            keys: stops ? "Esc" : composer.chat.sendWithEnter ? "Return" : "Ctrl+Return"
            onClicked: {
                if (stops)
                    composer.chat.stop();
                else
                    composer.chat.send();
                composer.takeFocus();
            }
        }
    }
    Text {
        id: hint
        text: composer.chat.sendHint !== "" ? composer.chat.sendHint
            : composer.documents.hint !== "" ? composer.documents.hint
            : composer.documents.summary !== "" ? qsTr("Questions are asked of %1.").arg(composer.documents.summary)
            : composer.chat.contextText !== "" ? composer.chat.contextText
            : composer.chat.sendWithEnter ? qsTr("Enter sends, Shift+Enter starts a new line.")
            : qsTr("Ctrl+Enter sends.")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        elide: Text.ElideRight
        horizontalAlignment: Text.AlignHCenter
        Layout.fillWidth: true
    }

    Connections {
        target: composer.chat
        function onDraftChanged() {
            if (area.text !== composer.chat.draft) {
                area.text = composer.chat.draft;
                area.cursorPosition = area.length;
            }
        }
    }
}
