// Shows where a link of an answer leads, before the browser opens it.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

Panel {
    id: panel

    property string target: ""

    function ask(link: string) {
        target = link;
        open();
        openButton.forceActiveFocus(Qt.TabFocusReason);
    }

    title: target.startsWith("mailto:") ? qsTr("Write to this address?") : qsTr("Open this link in the browser?")

    Rectangle {
        implicitHeight: address.implicitHeight + 2 * Theme.space12
        radius: Theme.radiusSmall
        color: Theme.surface
        Layout.fillWidth: true

        TextEdit {
            id: address
            anchors.fill: parent
            anchors.margins: Theme.space12
            text: panel.target
            textFormat: TextEdit.PlainText
            readOnly: true
            selectByMouse: true
            wrapMode: TextEdit.WrapAnywhere
            color: Theme.text
            selectionColor: Theme.selection
            selectedTextColor: Theme.text
            font.family: Theme.monospace
            font.pixelSize: Theme.code
            Accessible.role: Accessible.StaticText
            Accessible.name: text
        }
    }
    Text {
        text: qsTr("A model wrote this address. The page can see that you open it.")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        wrapMode: Text.Wrap
        Layout.fillWidth: true
    }
    buttons: [
        PushButton {
            id: openButton
            text: qsTr("Open")
            iconName: "external"
            kind: PushButton.Primary
            onClicked: {
                panel.close();
                Qt.openUrlExternally(panel.target);
            }
        },
        PushButton {
            text: qsTr("Copy the address")
            onClicked: {
                clipboard.copy(panel.target);
                panel.close();
            }
        },
        PushButton {
            text: qsTr("Cancel")
            onClicked: panel.close()
        }
    ]

    Clipboard {
        id: clipboard
    }
}
