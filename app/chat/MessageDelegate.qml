// One message: the user's in a bubble at the end side, the model's as plain text under a small mark.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Chat
import Alcove.Controls
import Alcove.Theme

Item {
    id: message

    required property int index
    required property var messageId
    required property bool fromUser
    required property string text
    required property BlockListModel blocks
    required property int messageState
    required property string errorText
    required property string infoText
    required property int siblingIndex
    required property int siblingCount
    required property string droppedText
    required property double promptProgress
    required property bool last
    required property string reasoning
    required property string reasoningLabel
    required property string reasoningTail
    required property bool reasoningOpen
    required property bool thinking
    required property var citations
    required property string sourcesText

    property bool busy: false      // an answer is being written in this chat
    property bool current: false   // chosen with the keyboard
    property bool editing: false

    signal linkWanted(string target)
    signal sourceWanted(var citation)
    signal regenerateWanted(var messageId)
    signal edited(var messageId, string text)
    signal siblingWanted(var messageId, int index)
    signal reasoningToggled(var messageId, bool open)

    function edit(words: string) {
        editing = true;
        (editor.item as MessageEditor)?.begin(words);
    }

    // A link of the answer's text: a number in brackets leads to a source, all others out.
    function follow(target: string) {
        const scheme = "alcove-citation:";
        if (!target.startsWith(scheme)) {
            linkWanted(target);
            return;
        }
        const number = Number(target.substring(scheme.length));
        const found = citations.find(one => one.number === number);
        if (found !== undefined)
            sourceWanted(found);
    }

    readonly property bool streaming: messageState === MessageListModel.Streaming
    readonly property string stateText: {
        const unanswered = reasoning !== "" && text === "";
        switch (messageState) {
        case MessageListModel.Complete:
            return !fromUser && text === "" ? qsTr("The model ended here without an answer.") : "";
        case MessageListModel.Stopped:
            return unanswered ? qsTr("You stopped this answer while the model was still thinking.")
                : qsTr("You stopped this answer.");
        case MessageListModel.Interrupted:
            return qsTr("This answer was interrupted when Alcove closed; what was written is kept.");
        default:
            return "";
        }
    }
    readonly property real columnWidth: Math.min(Theme.columnWidth, width - 2 * Theme.space16)

    implicitHeight: column.y + column.implicitHeight + (last ? Theme.space24 : Theme.space8)
    Accessible.role: Accessible.ListItem
    Accessible.name: fromUser ? qsTr("You: %1").arg(text) : qsTr("Answer: %1").arg(text)

    HoverHandler {
        id: hover
    }
    Rectangle {
        visible: message.current
        anchors.fill: column
        anchors.margins: -Theme.space8
        radius: Theme.radiusCard
        color: "transparent"
        border.width: Theme.focusRing
        border.color: Theme.accent
    }
    ColumnLayout {
        id: column

        anchors.horizontalCenter: parent.horizontalCenter
        y: message.index === 0 ? Theme.space24 : Theme.space8
        width: message.columnWidth
        spacing: Theme.space4

        // The user's words
        Rectangle {
            visible: message.fromUser && !message.editing
            Layout.alignment: Qt.AlignRight
            Layout.preferredWidth: words.width + 2 * Theme.space16
            implicitHeight: words.implicitHeight + 2 * (Theme.space8 + 2)
            radius: Theme.radiusBubble
            color: Theme.surfaceRaised

            MessageBlocks {
                id: words
                anchors.centerIn: parent
                // A bubble is as wide as its longest line needs.
                width: message.fromUser ? Math.min(Math.ceil(measure.implicitWidth) + 1,
                    message.columnWidth * Theme.bubbleShare - 2 * Theme.space16) : 0
                blocks: message.fromUser ? message.blocks : null
                onLinkWanted: target => message.linkWanted(target)
            }
            Text {
                id: measure
                visible: false
                text: message.fromUser ? message.text : ""
                textFormat: Text.PlainText
                font.pixelSize: Theme.message
            }
        }
        Loader {
            id: editor
            active: message.editing
            visible: active
            source: "MessageEditor.qml"
            Layout.fillWidth: true

            Connections {
                target: editor.item as MessageEditor
                function onCancelled() {
                    message.editing = false;
                }
                function onSaved(text: string) {
                    message.editing = false;
                    message.edited(message.messageId, text);
                }
            }
        }

        // The model's
        Text {
            visible: text !== ""
            text: message.droppedText
            textFormat: Text.PlainText
            color: Theme.textMuted
            font.pixelSize: Theme.caption
            wrapMode: Text.Wrap
            horizontalAlignment: Text.AlignHCenter
            Layout.fillWidth: true
            Layout.bottomMargin: Theme.space8
        }
        Icon {
            visible: !message.fromUser
            name: "mark"
            color: Theme.accent
            Layout.preferredWidth: Theme.icon
            Layout.preferredHeight: Theme.icon
            Accessible.ignored: true
        }
        ReasoningBlock {
            reasoning: message.reasoning
            label: message.reasoningLabel
            newest: message.reasoningTail
            thinking: message.thinking
            open: message.reasoningOpen
            reachable: message.current
            Layout.fillWidth: true
            onToggled: open => message.reasoningToggled(message.messageId, open)
        }
        MessageBlocks {
            visible: !message.fromUser && message.text !== ""
            blocks: message.fromUser ? null : message.blocks
            citations: message.citations
            reachable: message.current
            Layout.fillWidth: true
            onLinkWanted: target => message.follow(target)
        }
        SourceList {
            citations: message.citations
            summary: message.sourcesText
            reachable: message.current
            Layout.fillWidth: true
            Layout.topMargin: Theme.space8
            onSourceWanted: citation => message.sourceWanted(citation)
        }
        RowLayout {
            visible: !message.fromUser && message.streaming && message.text === "" && message.reasoning === ""
            spacing: Theme.space12
            Layout.topMargin: Theme.space8
            Layout.bottomMargin: Theme.space8

            ThinkingDots {}
            Text {
                visible: message.promptProgress >= 0
                text: qsTr("Reading your prompt, %1 %").arg(Math.round(message.promptProgress * 100))
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.body
            }
        }
        Text {
            visible: text !== ""
            text: message.stateText
            textFormat: Text.PlainText
            Accessible.role: Accessible.StaticText
            Accessible.name: text
            color: Theme.textMuted
            font.pixelSize: Theme.caption
            wrapMode: Text.Wrap
            Layout.fillWidth: true
            Layout.topMargin: Theme.space4
        }
        Notice {
            visible: message.messageState === MessageListModel.Failed
            tone: Notice.Danger
            text: message.errorText !== "" ? message.errorText : qsTr("This answer could not be finished.")
            actionText: message.last && !message.busy ? qsTr("Try again") : ""
            Layout.fillWidth: true
            Layout.topMargin: Theme.space4
            onActed: message.regenerateWanted(message.messageId)
        }
        MessageActions {
            enabled: !message.streaming
            visible: !message.editing
            Layout.alignment: message.fromUser ? Qt.AlignRight : Qt.AlignLeft
            Layout.leftMargin: message.fromUser ? 0 : -Theme.space8
            fromUser: message.fromUser
            busy: message.busy
            shown: !message.streaming && (hover.hovered || message.current || (message.last && !message.fromUser))
            reachable: message.current
            messageText: message.text + message.citations.map((one, at) =>
                (at === 0 ? "\n\n" : "\n") + "[" + one.number + "] " + one.source).join("")
            infoText: message.infoText
            links: message.fromUser ? [] : message.blocks?.links ?? []
            siblingIndex: message.siblingIndex
            siblingCount: message.siblingCount
            onLinkWanted: target => message.linkWanted(target)
            onEditWanted: message.edit(message.text)
            onRegenerateWanted: message.regenerateWanted(message.messageId)
            onSiblingWanted: index => message.siblingWanted(message.messageId, index)
        }
    }
}
