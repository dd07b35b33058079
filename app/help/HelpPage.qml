// Help: every answer about Alcove itself, with a search over them. No model is asked.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Help
import Alcove.Theme

Rectangle {
    id: page

    property bool sidebarHidden: false

    signal sidebarWanted

    // Puts the keyboard where the search is.
    function focusSearch(): void {
        field.forceActiveFocus();
    }

    color: Theme.background

    HelpModel {
        id: help
        query: field.text
    }

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        PageHeader {
            title: qsTr("Help")
            sidebarHidden: page.sidebarHidden
            Layout.fillWidth: true
            onSidebarWanted: page.sidebarWanted()
        }
        LineField {
            id: field
            label: qsTr("Search help")
            placeholderText: qsTr("Ask or search: how do I switch models?")
            iconName: "search"
            clearable: true
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.columnWidth
            Layout.alignment: Qt.AlignHCenter
            Layout.topMargin: Theme.space16
            Layout.leftMargin: Theme.space16
            Layout.rightMargin: Theme.space16
            onTextChanged: list.positionViewAtBeginning()
        }
        Text {
            visible: help.count === 0
            text: qsTr("No entry matches “%1”. Try fewer or other words.").arg(field.text)
            textFormat: Text.PlainText
            color: Theme.textMuted
            font.pixelSize: Theme.body
            wrapMode: Text.Wrap
            horizontalAlignment: Text.AlignHCenter
            Layout.fillWidth: true
            Layout.margins: Theme.space24
        }
        ListView {
            id: list
            model: help
            clip: true
            spacing: Theme.space8
            boundsBehavior: Flickable.StopAtBounds
            topMargin: Theme.space16
            bottomMargin: Theme.space24
            reuseItems: true
            Layout.fillWidth: true
            Layout.fillHeight: true
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Help entries")
            activeFocusOnTab: true
            keyNavigationEnabled: true

            SlimScrollBar {
                id: bar
                parent: list
                anchors.top: parent.top
                anchors.bottom: parent.bottom
                anchors.right: parent.right
                orientation: Qt.Vertical
                size: list.visibleArea.heightRatio
                position: list.visibleArea.yPosition
                onPositionChanged: if (pressed)
                    list.contentY = list.originY + position * list.contentHeight
            }

            delegate: Item {
                id: entry

                required property string title
                required property string body
                required property int index

                width: list.width
                height: card.height
                Accessible.role: Accessible.ListItem
                Accessible.name: title

                Rectangle {
                    id: card
                    anchors.horizontalCenter: parent.horizontalCenter
                    width: Math.min(parent.width - 2 * Theme.space16, Theme.columnWidth)
                    height: texts.implicitHeight + 2 * Theme.space16
                    radius: Theme.radiusCard
                    color: Theme.surface
                    border.width: entry.ListView.isCurrentItem && list.activeFocus ? Theme.focusRing : Theme.hairline
                    border.color: entry.ListView.isCurrentItem && list.activeFocus ? Theme.accent : Theme.border

                    ColumnLayout {
                        id: texts
                        anchors.left: parent.left
                        anchors.right: parent.right
                        anchors.top: parent.top
                        anchors.margins: Theme.space16
                        spacing: Theme.space4

                        Text {
                            text: entry.title
                            textFormat: Text.PlainText
                            color: Theme.text
                            font.pixelSize: Theme.message
                            font.weight: Font.DemiBold
                            wrapMode: Text.Wrap
                            Layout.fillWidth: true
                            Accessible.role: Accessible.Heading
                            Accessible.name: text
                        }
                        Text {
                            text: entry.body
                            textFormat: Text.PlainText
                            color: Theme.textMuted
                            font.pixelSize: Theme.body
                            lineHeight: Theme.proseLineHeight
                            wrapMode: Text.Wrap
                            Layout.fillWidth: true
                            Accessible.role: Accessible.StaticText
                            Accessible.name: text
                        }
                    }
                }
            }
        }
    }
}
