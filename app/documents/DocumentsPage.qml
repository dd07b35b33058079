// Documents: what Alcove knows, how far reading is, and a search over all of it.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Documents
import Alcove.Theme

Rectangle {
    id: page

    required property DocumentsViewModel documents
    required property SourceViewModel source
    property bool sidebarHidden: false

    readonly property bool searching: documents.query.trim() !== ""
    readonly property int sideMargin: width < Theme.columnWidth + 2 * Theme.space32 ? Theme.space12 : Theme.space24

    signal sidebarWanted

    function focusSearch() {
        search.forceActiveFocus();
        search.selectAll();
    }

    color: Theme.background

    FileDialog {
        id: fileDialog
        title: qsTr("Add documents")
        fileMode: FileDialog.OpenFiles
        onAccepted: page.documents.add(selectedFiles)
    }
    FolderDialog {
        id: folderDialog
        title: qsTr("Add a folder of documents")
        onAccepted: page.documents.add([selectedFolder])
    }
    FileDialog {
        id: modelDialog
        title: qsTr("Choose an embedding model")
        nameFilters: [qsTr("Model files (*.gguf)")]
        onAccepted: page.documents.chooseEmbeddingModel(selectedFile)
    }
    PasswordPanel {
        id: password
        onGiven: (collection, path, words) => page.documents.readAgain(collection, path, words)
    }
    PageHeader {
        id: head
        anchors.left: parent.left
        anchors.right: parent.right
        title: qsTr("Documents")
        sidebarHidden: page.sidebarHidden
        onSidebarWanted: page.sidebarWanted()

        PushButton {
            text: qsTr("Add a folder")
            onClicked: folderDialog.open()
        }
        PushButton {
            text: qsTr("Add documents")
            kind: PushButton.Primary
            onClicked: fileDialog.open()
        }
    }
    ColumnLayout {
        anchors.top: head.bottom
        anchors.bottom: parent.bottom
        anchors.horizontalCenter: parent.horizontalCenter
        width: Math.min(parent.width - 2 * page.sideMargin, Theme.columnWidth)
        spacing: Theme.space12

        Notice {
            visible: page.documents.errorText !== ""
            tone: Notice.Danger
            text: page.documents.errorText
            dismissible: true
            Layout.fillWidth: true
            Layout.topMargin: Theme.space12
            onDismissed: page.documents.clearError()
        }
        LineField {
            id: search
            label: qsTr("Search all documents")
            placeholderText: qsTr("Search all documents")
            iconName: "search"
            clearable: true
            text: page.documents.query
            Layout.fillWidth: true
            Layout.topMargin: Theme.space16
            onTextChanged: page.documents.query = text
            Keys.onDownPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
        }
        CollectionBar {
            documents: page.documents
            Layout.fillWidth: true
        }
        RowLayout {
            visible: page.documents.busy
            spacing: Theme.space8
            Layout.fillWidth: true

            ColumnLayout {
                spacing: Theme.space4
                Layout.fillWidth: true

                Text {
                    text: page.documents.progressText
                    textFormat: Text.PlainText
                    color: Theme.textMuted
                    font.pixelSize: Theme.body
                    wrapMode: Text.Wrap
                    Layout.fillWidth: true
                    Accessible.role: Accessible.StaticText
                    Accessible.name: text
                }
                ProgressLine {
                    label: qsTr("Documents read")
                    value: page.documents.progress
                    Layout.fillWidth: true
                }
            }
            IconButton {
                iconName: page.documents.paused ? "play" : "pause"
                text: page.documents.paused ? qsTr("Go on reading") : qsTr("Pause reading")
                onClicked: page.documents.paused = !page.documents.paused
            }
        }
        RowLayout {
            visible: page.documents.total > 0
            spacing: Theme.space8
            Layout.fillWidth: true

            Text {
                text: page.documents.embeddingModel === ""
                    ? qsTr("Passages are found by their words. With an embedding model they are also found where they say it in other words.")
                    : qsTr("Passages are found by their words and, with %1, by their meaning. %2").arg(page.documents.embeddingModel).arg(page.documents.embeddingText)
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                wrapMode: Text.Wrap
                Layout.fillWidth: true
                Accessible.role: Accessible.StaticText
                Accessible.name: text
            }
            PushButton {
                visible: page.documents.embeddingModel === ""
                compact: true
                text: qsTr("Choose a model file")
                onClicked: modelDialog.open()
            }
            PushButton {
                visible: page.documents.embeddingModel !== ""
                compact: true
                text: qsTr("Words alone")
                onClicked: page.documents.dropEmbeddingModel()
            }
        }
        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true

            ListView {
                id: results
                visible: page.searching
                anchors.fill: parent
                model: page.searching ? page.documents.results : []
                clip: true
                spacing: Theme.space8
                bottomMargin: Theme.space24
                boundsBehavior: Flickable.StopAtBounds
                T.ScrollBar.vertical: SlimScrollBar {}
                Accessible.role: Accessible.List
                Accessible.name: qsTr("Passages found")
                delegate: FoundPassage {
                    width: results.width
                    onChosen: passage => page.source.show(passage)
                }
            }
            Text {
                visible: page.searching && page.documents.searched && page.documents.results.length === 0
                anchors.left: parent.left
                anchors.right: parent.right
                y: Theme.space32
                text: qsTr("No document contains these words.")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.body
                horizontalAlignment: Text.AlignHCenter
            }
            ListView {
                id: list
                visible: !page.searching
                anchors.fill: parent
                model: page.documents.files
                clip: true
                spacing: Theme.space8
                bottomMargin: Theme.space24
                boundsBehavior: Flickable.StopAtBounds
                T.ScrollBar.vertical: SlimScrollBar {}
                Accessible.role: Accessible.List
                Accessible.name: qsTr("Documents")
                delegate: DocumentRow {
                    width: list.width
                    onOpenWanted: page.source.show({
                        path: path
                    })
                    onReadWanted: page.documents.readAgain(collection, path)
                    onRemoveWanted: page.documents.remove(documentId)
                    onUnlockWanted: password.ask(collection, path, name)
                }
            }
            EmptyState {
                visible: !page.searching && list.count === 0
                anchors.centerIn: parent
                width: Math.min(Theme.dialogWidth, parent.width)
                iconName: "documents"
                title: page.documents.total === 0 ? qsTr("Ask your documents") : qsTr("Nothing in here yet")
                text: qsTr("Drop files or folders here, or add them above: PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, web pages, e-mails, Markdown and text. They are read on this computer and never changed. Then tick their collection in a chat and ask.")
            }
        }
    }
}
