// The devices of this computer as a list to choose from.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Settings
import Alcove.Theme

ColumnLayout {
    id: choice

    required property DeviceListModel devices

    signal picked(string deviceId)

    spacing: Theme.space4
    Layout.fillWidth: true

    Repeater {
        model: choice.devices

        delegate: T.RadioButton {
            id: option

            required property string deviceId
            required property string name
            required property string detail
            required property bool usable
            required property bool chosen

            enabled: usable
            checked: chosen
            autoExclusive: false
            hoverEnabled: true
            focusPolicy: Qt.StrongFocus
            padding: Theme.space8
            implicitHeight: implicitContentHeight + 2 * padding
            Layout.fillWidth: true
            Accessible.role: Accessible.RadioButton
            Accessible.name: name
            Accessible.description: detail
            onClicked: choice.picked(deviceId)
            Keys.onReturnPressed: choice.picked(deviceId)

            indicator: Rectangle {
                x: option.mirrored ? option.width - width - Theme.space8 : Theme.space8
                y: Math.round((option.height - height) / 2)
                width: Theme.icon
                height: Theme.icon
                radius: width / 2
                color: Theme.background
                border.width: Theme.focusRing
                border.color: option.chosen ? Theme.accent : Theme.borderStrong
                Rectangle {
                    anchors.centerIn: parent
                    visible: option.chosen
                    width: Theme.dot + 2
                    height: width
                    radius: width / 2
                    color: Theme.accent
                }
            }
            contentItem: ColumnLayout {
                spacing: 2

                Text {
                    text: option.name
                    textFormat: Text.PlainText
                    color: option.usable ? Theme.text : Theme.textMuted
                    font.pixelSize: Theme.body
                    wrapMode: Text.Wrap
                    Layout.fillWidth: true
                    Layout.leftMargin: Theme.icon + Theme.space16 // of the start: layouts mirror it
                    Accessible.ignored: true
                }
                Text {
                    text: option.detail
                    textFormat: Text.PlainText
                    color: Theme.textMuted
                    font.pixelSize: Theme.caption
                    wrapMode: Text.Wrap
                    Layout.fillWidth: true
                    Layout.leftMargin: Theme.icon + Theme.space16 // of the start: layouts mirror it
                    Accessible.ignored: true
                }
            }
            background: Rectangle {
                radius: Theme.radiusSmall
                color: option.hovered ? Theme.surfaceHover : option.chosen ? Theme.accentSoft : "transparent"
                FocusRing {
                    shown: option.visualFocus
                }
            }
        }
    }
    Text {
        visible: choice.devices.loading
        text: qsTr("Asking the graphics drivers…")
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        Layout.fillWidth: true
    }
    Text {
        visible: text !== "" && !choice.devices.loading
        text: choice.devices.problem
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.caption
        wrapMode: Text.Wrap
        Layout.fillWidth: true
    }
}
