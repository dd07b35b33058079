// Models: what is on this computer, which one is in use, and where real ones come from.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

Rectangle {
    id: page

    required property ModelViewModel models
    property bool sidebarHidden: false

    signal sidebarWanted

    color: Theme.background
    onVisibleChanged: {
        if (visible)
            models.refreshLibrary();
    }

    FileDialog {
        id: fileDialog
        title: qsTr("Open a model file")
        nameFilters: [qsTr("Model files (*.gguf)")]
        onAccepted: page.models.chooseFile(selectedFile)
    }
    FolderDialog {
        id: folderDialog
        title: qsTr("Add a folder of models")
        onAccepted: page.models.addFolder(selectedFolder)
    }
    PageHeader {
        id: head
        anchors.left: parent.left
        anchors.right: parent.right
        title: qsTr("Models")
        sidebarHidden: page.sidebarHidden
        onSidebarWanted: page.sidebarWanted()

        PushButton {
            text: qsTr("Open a model file")
            kind: PushButton.Primary
            onClicked: fileDialog.open()
        }
    }
    Flickable {
        id: flick
        anchors.top: head.bottom
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.bottom: parent.bottom
        clip: true
        contentWidth: width
        contentHeight: column.implicitHeight + 2 * Theme.space24
        boundsBehavior: Flickable.StopAtBounds

        SlimScrollBar {
            parent: flick
            anchors.top: parent.top
            anchors.bottom: parent.bottom
            anchors.right: parent.right
            orientation: Qt.Vertical
            size: flick.visibleArea.heightRatio
            position: flick.visibleArea.yPosition
            onPositionChanged: if (pressed)
                flick.contentY = position * flick.contentHeight
        }

        ColumnLayout {
            id: column
            anchors.horizontalCenter: parent.horizontalCenter
            y: Theme.space24
            width: Math.min(flick.width - 2 * Theme.space16, Theme.columnWidth)
            spacing: Theme.space16

            ModelStatus {
                models: page.models
            }
            Text {
                text: qsTr("On this computer")
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.body
                font.weight: Font.DemiBold
                Layout.fillWidth: true
                Accessible.role: Accessible.Heading
                Accessible.name: text
            }
            Repeater {
                model: page.models.library
                delegate: ModelCard {
                    models: page.models
                }
            }
            PushButton {
                text: qsTr("Add a folder of models")
                onClicked: folderDialog.open()
            }
            RecommendedModels {
                Layout.topMargin: Theme.space8
            }
        }
    }
}
