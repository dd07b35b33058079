// Files held over the window: names what letting them go will do.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Chat
import Alcove.Controls
import Alcove.Documents
import Alcove.Models
import Alcove.Shell
import Alcove.Theme

DropArea {
    id: area

    required property ShellViewModel shell
    required property ModelViewModel models
    required property DocumentsViewModel documents
    required property ChatDocuments chatDocuments
    property string promise: "" // what will happen; empty: nothing
    property bool model: false // it is a model that is held

    readonly property bool onDocuments: shell.page === ShellViewModel.DocumentsPage

    signal accepted

    onEntered: drag => {
        promise = shell.describeDrop(drag.urls);
        model = promise !== "";
        if (!model)
            promise = onDocuments ? documents.describeDrop(drag.urls) : chatDocuments.describeDrop(drag.urls);
        drag.accepted = drag.hasUrls;
    }
    onDropped: drop => {
        if (promise !== "") {
            if (model)
                models.chooseFile(drop.urls[0]);
            else if (onDocuments)
                documents.add(drop.urls);
            else
                chatDocuments.attach(drop.urls);
            drop.accept();
            if (model || !onDocuments)
                accepted();
        }
        promise = "";
    }
    onExited: promise = ""

    Rectangle {
        anchors.fill: parent
        visible: area.containsDrag
        color: Theme.scrim

        Rectangle {
            anchors.centerIn: parent
            width: Math.min(parent.width - 2 * Theme.space24, words.implicitWidth + 2 * Theme.space32)
            height: words.implicitHeight + 2 * Theme.space24
            radius: Theme.radiusBubble
            color: Theme.background
            border.width: Theme.focusRing
            border.color: area.promise !== "" ? Theme.accent : Theme.borderStrong

            ColumnLayout {
                id: words
                anchors.centerIn: parent
                width: Math.min(implicitWidth, parent.width - 2 * Theme.space24)
                spacing: Theme.space8

                Icon {
                    name: area.promise === "" ? "close" : area.model ? "models" : "documents"
                    color: area.promise !== "" ? Theme.accent : Theme.textMuted
                    Layout.alignment: Qt.AlignHCenter
                    Layout.preferredWidth: Theme.space32
                    Layout.preferredHeight: Theme.space32
                    Accessible.ignored: true
                }
                Text {
                    text: area.promise !== "" ? area.promise
                        : qsTr("Alcove reads documents, and opens one model file (.gguf) at a time.")
                    textFormat: Text.PlainText
                    color: Theme.text
                    font.pixelSize: Theme.title
                    wrapMode: Text.Wrap
                    horizontalAlignment: Text.AlignHCenter
                    Layout.fillWidth: true
                    Layout.alignment: Qt.AlignHCenter
                    Accessible.role: Accessible.AlertMessage
                    Accessible.name: text
                }
            }
        }
    }
}
