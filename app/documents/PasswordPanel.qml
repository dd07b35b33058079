// Asks for the password of a locked document. It is used once and not kept.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

Panel {
    id: panel

    property string collection: ""
    property string path: ""
    property string name: ""

    signal given(string collection, string path, string words)

    function ask(inCollection: string, file: string, fileName: string) {
        collection = inCollection;
        path = file;
        name = fileName;
        field.text = "";
        open();
        field.forceActiveFocus();
    }
    function give() {
        if (field.text === "")
            return;
        close();
        given(collection, path, field.text);
        field.text = "";
    }

    title: qsTr("Password of %1").arg(name)

    LineField {
        id: field
        label: qsTr("Password")
        echoMode: TextInput.Password
        Layout.fillWidth: true
        onAccepted: panel.give()
    }
    Text {
        text: qsTr("It is used to read the file and then forgotten.")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        wrapMode: Text.Wrap
        Layout.fillWidth: true
    }
    buttons: [
        PushButton {
            text: qsTr("Read")
            kind: PushButton.Primary
            enabled: field.text !== ""
            onClicked: panel.give()
        },
        PushButton {
            text: qsTr("Cancel")
            onClicked: panel.close()
        }
    ]
}
