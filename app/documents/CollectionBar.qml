// The collections: which one is listed, and what can be done with it.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Documents
import Alcove.Theme

Flow {
    id: bar

    required property DocumentsViewModel documents

    spacing: Theme.space8
    Accessible.role: Accessible.Grouping
    Accessible.name: qsTr("Collections")

    NamePanel {
        id: naming
        onGiven: (from, name) => {
            if (from === "")
                bar.documents.createCollection(name);
            else
                bar.documents.renameCollection(from, name);
        }
    }
    Panel {
        id: removing
        title: qsTr("Remove the collection “%1”?").arg(bar.documents.collection)

        Text {
            text: qsTr("Its documents are removed from Alcove. The files themselves stay where they are.")
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            wrapMode: Text.Wrap
            Layout.fillWidth: true
        }
        buttons: [
            PushButton {
                text: qsTr("Remove")
                kind: PushButton.Danger
                onClicked: {
                    removing.close();
                    bar.documents.removeCollection(bar.documents.collection);
                }
            },
            PushButton {
                text: qsTr("Cancel")
                onClicked: removing.close()
            }
        ]
    }
    PushButton {
        compact: true
        kind: bar.documents.collection === "" ? PushButton.Primary : PushButton.Secondary
        text: qsTr("All")
        Accessible.name: qsTr("Show all documents")
        onClicked: bar.documents.collection = ""
    }
    Repeater {
        model: bar.documents.collections

        PushButton {
            required property var modelData
            compact: true
            kind: bar.documents.collection === modelData.name ? PushButton.Primary : PushButton.Secondary
            text: qsTr("%1 (%2)").arg(modelData.name).arg(modelData.documents)
            Accessible.name: qsTr("Show the collection %1").arg(modelData.name)
            onClicked: bar.documents.collection = modelData.name
        }
    }
    IconButton {
        implicitHeight: Theme.controlSmall
        implicitWidth: Theme.controlSmall
        iconName: "plus"
        iconSize: Theme.iconSmall
        text: qsTr("New collection")
        onClicked: naming.ask("")
    }
    IconButton {
        visible: bar.documents.collection !== ""
        implicitHeight: Theme.controlSmall
        implicitWidth: Theme.controlSmall
        iconName: "edit"
        iconSize: Theme.iconSmall
        text: qsTr("Rename the collection")
        onClicked: naming.ask(bar.documents.collection)
    }
    IconButton {
        visible: bar.documents.collection !== ""
        implicitHeight: Theme.controlSmall
        implicitWidth: Theme.controlSmall
        iconName: "trash"
        iconSize: Theme.iconSmall
        text: qsTr("Remove the collection")
        onClicked: removing.open()
    }
}
