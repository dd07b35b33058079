// The top of a page: its title, a way back to the sidebar where that is hidden, and its actions.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Theme

Rectangle {
    id: header

    required property string title
    property bool sidebarHidden: false
    default property alias actions: actionRow.data

    signal sidebarWanted

    implicitHeight: Theme.header
    color: Theme.background

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: header.sidebarHidden ? Theme.space8 : Theme.space24
        anchors.rightMargin: Theme.space12
        spacing: Theme.space8

        IconButton {
            visible: header.sidebarHidden
            iconName: "sidebar"
            mirrorIcon: true
            text: qsTr("Show the sidebar")
            keys: "Ctrl+B"
            onClicked: header.sidebarWanted()
        }
        Text {
            text: header.title
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.title
            font.weight: Font.DemiBold
            elide: Text.ElideRight
            Layout.fillWidth: true
            Accessible.role: Accessible.Heading
            Accessible.name: text
        }
        RowLayout {
            id: actionRow
            spacing: Theme.space8
        }
    }
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.hairline
        color: Theme.border
    }
}
