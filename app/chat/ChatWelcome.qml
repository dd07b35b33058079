// An empty chat: what it is for, and a few things to start with.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

ColumnLayout {
    id: welcome

    signal exampleChosen(string text)

    spacing: Theme.space24
    clip: true

    EmptyState {
        iconName: "mark"
        title: qsTr("Ask something")
        text: qsTr("The model runs on this computer. What you write and what it answers stay here.")
        Layout.fillWidth: true
    }
    Flow {
        spacing: Theme.space8
        Layout.alignment: Qt.AlignHCenter
        Layout.preferredWidth: Math.min(welcome.width, implicitWidth)
        Layout.maximumWidth: welcome.width

        Repeater {
            model: [qsTr("Explain a list in Python"), qsTr("Plan a weekend in the mountains"),
                qsTr("Compare tea and coffee in a table")]

            PushButton {
                required property string modelData
                text: modelData
                onClicked: welcome.exampleChosen(modelData)
            }
        }
    }
}
