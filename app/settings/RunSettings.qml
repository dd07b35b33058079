// Where models run, and how much of a chat they see.
pragma ComponentBehavior: Bound

import QtQuick
import Alcove.Controls
import Alcove.Settings

SettingGroup {
    id: group

    required property SettingsViewModel settings

    // Context lengths to choose from; 0 leaves it to the model.
    readonly property var lengths: [0, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072]

    title: qsTr("Where models run")

    DeviceChoice {
        devices: group.settings.devices
        onPicked: deviceId => group.settings.device = deviceId
    }
    SettingRow {
        label: qsTr("Context length")
        description: qsTr("How many tokens of a chat the model sees. More needs more memory. The model is loaded again when this changes.")
        ChoiceBox {
            label: qsTr("Context length")
            textRole: "text"
            valueRole: "value"
            model: group.choices()
            currentIndex: group.known().indexOf(group.settings.contextLength)
            onActivated: group.settings.contextLength = currentValue
        }
    }
    SettingRow {
        label: qsTr("Memory of the chat")
        description: qsTr("How precisely the model keeps what it has read (its KV cache). Fewer bits make room for longer chats. The model is loaded again when this changes.")
        ChoiceBox {
            label: qsTr("Memory of the chat")
            textRole: "text"
            valueRole: "value"
            model: [
                { "value": "f16", "text": qsTr("Full, 16 bits") },
                { "value": "q8_0", "text": qsTr("Half the size, 8 bits") },
                { "value": "q8_0/q4_0", "text": qsTr("Smallest, 8 and 4 bits") }
            ]
            currentIndex: group.settings.kvFormat === "q8_0/q4_0" ? 2 : group.settings.kvFormat === "q8_0" ? 1 : 0
            onActivated: group.settings.kvFormat = currentValue
        }
    }
    NumberSetting {
        label: qsTr("Threads")
        description: qsTr("For the processor. Automatic is one for each core.")
        value: group.settings.threads
        from: 0
        to: 64
        step: 1
        offText: qsTr("Automatic")
        onPicked: value => group.settings.threads = value
    }

    // The usual lengths and the stored one, should it be another.
    function known(): var {
        const stored = settings.contextLength;
        return lengths.includes(stored) ? lengths : lengths.concat([stored]).sort((a, b) => a - b);
    }
    function choices(): var {
        return known().map(value => ({
            "value": value,
            "text": value === 0 ? qsTr("Automatic (at most 4,096)") : qsTr("%L1 tokens").arg(value)
        }));
    }
}
