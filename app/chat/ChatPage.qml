// The chat: its header, what the user should know about the model, the messages, the composer.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Chat
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

Rectangle {
    id: page

    required property ChatViewModel chat
    required property ModelViewModel models
    required property ChatDocuments documents
    property bool sidebarHidden: false

    signal sidebarWanted
    signal modelsPageWanted
    signal documentsPageWanted
    signal sourceWanted(var citation)

    readonly property bool empty: chat.messages.count === 0
    readonly property int sideMargin: width < Theme.columnWidth + 2 * Theme.space32 ? Theme.space12 : Theme.space24

    function takeFocus() {
        composer.takeFocus();
    }
    function openModels() {
        header.openModels();
    }
    function scrollToEnd() {
        list.toEnd();
    }

    color: Theme.background

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        ChatHeader {
            id: header
            chat: page.chat
            models: page.models
            sidebarHidden: page.sidebarHidden
            Layout.fillWidth: true
            onSidebarWanted: page.sidebarWanted()
            onNewChatWanted: {
                page.chat.newChat();
                page.takeFocus();
            }
            onModelsPageWanted: page.modelsPageWanted()
        }
        ColumnLayout {
            spacing: Theme.space8
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.columnWidth + 2 * Theme.space24
            Layout.alignment: Qt.AlignHCenter
            Layout.leftMargin: page.sideMargin
            Layout.rightMargin: page.sideMargin
            Layout.topMargin: Theme.space8

            Notice {
                visible: page.models.starterInUse
                text: qsTr("The starter model is a demonstration: outside a few topics it is mostly wrong.")
                actionText: qsTr("Get a real model")
                Layout.fillWidth: true
                onActed: page.modelsPageWanted()
            }
            Notice {
                visible: page.models.errorText !== ""
                tone: Notice.Danger
                text: page.models.errorText
                details: page.models.errorDetail
                actionText: qsTr("Try again")
                dismissible: page.models.state !== ModelViewModel.Failed
                Layout.fillWidth: true
                onActed: page.models.retry()
                onDismissed: page.models.dismissError()
            }
            Notice {
                visible: page.models.state === ModelViewModel.None
                text: qsTr("No model is loaded.")
                actionText: qsTr("Choose a model")
                Layout.fillWidth: true
                onActed: page.modelsPageWanted()
            }
            Notice {
                visible: page.chat.templateError !== ""
                tone: Notice.Warning
                text: qsTr("This model's own chat template does not work. The common ChatML format may do, but answers can be worse.")
                details: page.chat.templateError
                actionText: qsTr("Use ChatML")
                Layout.fillWidth: true
                onActed: page.chat.agreeToChatMl()
            }
            Notice {
                visible: page.models.warning !== ""
                tone: Notice.Warning
                text: page.models.warning
                Layout.fillWidth: true
            }
        }
        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true

            MessageList {
                id: list
                anchors.fill: parent
                visible: !page.empty
                chat: page.chat
                onLinkWanted: target => linkPanel.ask(target)
                onSourceWanted: citation => page.sourceWanted(citation)
            }
            ChatWelcome {
                visible: page.empty
                anchors.centerIn: parent
                width: Math.min(Theme.columnWidth, parent.width - 2 * Theme.space24)
                height: Math.min(implicitHeight, parent.height)
                onExampleChosen: text => {
                    page.chat.draft = text;
                    composer.area.text = text;
                    page.takeFocus();
                    composer.area.cursorPosition = composer.area.length;
                }
            }
        }
        ColumnLayout {
            spacing: Theme.space8
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.columnWidth + 2 * Theme.space24
            Layout.alignment: Qt.AlignHCenter
            Layout.leftMargin: page.sideMargin
            Layout.rightMargin: page.sideMargin
            Layout.topMargin: Theme.space8
            Layout.bottomMargin: Theme.space12

            Notice {
                visible: page.chat.errorText !== ""
                tone: Notice.Danger
                text: page.chat.errorText
                details: page.chat.errorDetails
                dismissible: true
                Layout.fillWidth: true
                onDismissed: page.chat.clearError()
            }
            Composer {
                id: composer
                chat: page.chat
                documents: page.documents
                Layout.fillWidth: true
                onDocumentsPageWanted: page.documentsPageWanted()
            }
        }
    }
    LinkPanel {
        id: linkPanel
    }
}
