// Theme, text size and which key sends.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Settings

SettingGroup {
    id: group

    required property SettingsViewModel settings

    title: qsTr("Appearance")

    SettingRow {
        label: qsTr("Theme")
        ChoiceBox {
            label: qsTr("Theme")
            textRole: "text"
            valueRole: "value"
            model: [
                { "value": "system", "text": qsTr("As the system") },
                { "value": "light", "text": qsTr("Light") },
                { "value": "dark", "text": qsTr("Dark") }
            ]
            currentIndex: group.settings.theme === "light" ? 1 : group.settings.theme === "dark" ? 2 : 0
            onActivated: group.settings.theme = currentValue
        }
    }
    NumberSetting {
        label: qsTr("Text size")
        value: Math.round(group.settings.fontScale * 100)
        from: 75
        to: 200
        step: 5
        unit: "%"
        onPicked: value => group.settings.fontScale = value / 100
    }
    ToggleSwitch {
        text: qsTr("Enter sends the message; when off, Enter breaks the line and Ctrl+Enter sends")
        checked: group.settings.sendWithEnter
        Layout.fillWidth: true
        onToggled: group.settings.sendWithEnter = checked
    }
}
