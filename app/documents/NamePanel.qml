// Asks for the name of a collection, new or not.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

Panel {
    id: panel

    property string from: "" // the old name; empty: a new one

    signal given(string from, string name)

    function ask(old: string) {
        from = old;
        field.text = old;
        open();
        field.forceActiveFocus();
        field.selectAll();
    }
    function give() {
        if (field.text.trim() === "")
            return;
        close();
        given(from, field.text.trim());
    }

    title: from === "" ? qsTr("New collection") : qsTr("Rename the collection")

    LineField {
        id: field
        label: qsTr("Name of the collection")
        placeholderText: qsTr("Contracts")
        Layout.fillWidth: true
        onAccepted: panel.give()
    }
    buttons: [
        PushButton {
            text: panel.from === "" ? qsTr("Create") : qsTr("Rename")
            kind: PushButton.Primary
            enabled: field.text.trim() !== ""
            onClicked: panel.give()
        },
        PushButton {
            text: qsTr("Cancel")
            onClicked: panel.close()
        }
    ]
}
