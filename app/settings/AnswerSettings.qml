// How answers are made: the system prompt and the sampling.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Settings

SettingGroup {
    id: group

    required property SettingsViewModel settings

    title: qsTr("Answers")

    SettingRow {
        label: qsTr("System prompt")
        description: qsTr("Read by the model before every chat: a role, a tone or a language.")
    }
    TextBox {
        label: qsTr("System prompt")
        placeholderText: qsTr("None")
        text: group.settings.systemPrompt
        Layout.fillWidth: true
        onCommitted: text => group.settings.systemPrompt = text
    }
    NumberSetting {
        label: qsTr("Temperature")
        description: qsTr("Low values give steady answers, high values more varied ones.")
        value: group.settings.temperature
        from: 0
        to: 2
        step: 0.05
        decimals: 2
        offText: qsTr("0, the likeliest")
        onPicked: value => group.settings.temperature = value
    }
    NumberSetting {
        label: qsTr("Top-k")
        description: qsTr("Choose among the k likeliest tokens.")
        value: group.settings.topK
        from: 0
        to: 200
        step: 1
        offText: qsTr("Off")
        onPicked: value => group.settings.topK = value
    }
    NumberSetting {
        label: qsTr("Top-p")
        description: qsTr("Choose among the likeliest tokens whose chances add up to this.")
        value: group.settings.topP
        from: 0
        to: 1
        step: 0.01
        decimals: 2
        offText: qsTr("Off")
        offValue: 1
        onPicked: value => group.settings.topP = value
    }
    NumberSetting {
        label: qsTr("Min-p")
        description: qsTr("Leave out tokens less likely than this share of the likeliest.")
        value: group.settings.minP
        from: 0
        to: 1
        step: 0.01
        decimals: 2
        offText: qsTr("Off")
        onPicked: value => group.settings.minP = value
    }
    NumberSetting {
        label: qsTr("Repeat penalty")
        description: qsTr("Makes tokens that came up lately less likely.")
        value: group.settings.repeatPenalty
        from: 0.5
        to: 2
        step: 0.05
        decimals: 2
        offText: qsTr("Off")
        offValue: 1
        onPicked: value => group.settings.repeatPenalty = value
    }
    NumberSetting {
        label: qsTr("Presence penalty")
        value: group.settings.presencePenalty
        from: -2
        to: 2
        step: 0.1
        decimals: 1
        offText: qsTr("Off")
        onPicked: value => group.settings.presencePenalty = value
    }
    NumberSetting {
        label: qsTr("Frequency penalty")
        value: group.settings.frequencyPenalty
        from: -2
        to: 2
        step: 0.1
        decimals: 1
        offText: qsTr("Off")
        onPicked: value => group.settings.frequencyPenalty = value
    }
    NumberSetting {
        label: qsTr("Longest answer")
        description: qsTr("In tokens.")
        value: group.settings.maxTokens
        from: 0
        to: 8192
        step: 64
        offText: qsTr("No limit")
        onPicked: value => group.settings.maxTokens = value
    }
    SettingRow {
        label: qsTr("Seed")
        description: qsTr("The same seed, model and question give the same answer on the same device. Empty: a new one each time.")
        LineField {
            id: seedField
            label: qsTr("Seed")
            placeholderText: qsTr("Random")
            text: group.settings.seed
            inputMethodHints: Qt.ImhDigitsOnly
            onEditingFinished: if (text !== group.settings.seed)
                group.settings.seed = text
        }
    }
    PushButton {
        text: qsTr("Reset the sampling to its defaults")
        Layout.alignment: Qt.AlignRight
        onClicked: group.settings.resetSampling()
    }
}
