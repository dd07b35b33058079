// Settings: every choice in one column, saved the moment it is made.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Settings
import Alcove.Theme

Rectangle {
    id: page

    required property SettingsViewModel settings
    property bool sidebarHidden: false

    signal sidebarWanted

    color: Theme.background
    onVisibleChanged: {
        if (visible)
            settings.findDevices();
    }

    PageHeader {
        id: head
        anchors.left: parent.left
        anchors.right: parent.right
        title: qsTr("Settings")
        sidebarHidden: page.sidebarHidden
        onSidebarWanted: page.sidebarWanted()
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
            spacing: Theme.space24

            Notice {
                visible: page.settings.errorText !== ""
                text: page.settings.errorText
                tone: Notice.Danger
                Layout.fillWidth: true
            }
            AppearanceSettings {
                settings: page.settings
            }
            RunSettings {
                settings: page.settings
            }
            AnswerSettings {
                settings: page.settings
            }
            SettingGroup {
                title: qsTr("This computer")

                SettingRow {
                    label: qsTr("Data folder")
                    description: page.settings.dataFolder
                    PushButton {
                        text: qsTr("Open the folder")
                        onClicked: page.settings.openDataFolder()
                    }
                }
                SettingRow {
                    label: qsTr("Version")
                    Text {
                        text: page.settings.version
                        textFormat: Text.PlainText
                        color: Theme.textMuted
                        font.pixelSize: Theme.body
                    }
                }
            }
        }
    }
}
