// A number between two bounds: a slider, and its value in words beside it. `value` is the stored one;
// `picked` tells the new one when the slider is let go or moved by a key.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

SettingRow {
    id: setting

    required property real value
    required property real from
    required property real to
    required property real step
    property int decimals: 0
    property string offText: "" // what the value `offValue` means
    property real offValue: 0
    property string unit: ""

    signal picked(real value)

    ValueSlider {
        id: slider
        label: setting.label
        from: setting.from
        to: setting.to
        stepSize: setting.step
        snapMode: ValueSlider.SnapAlways
        value: setting.value
        Layout.fillWidth: setting.stacked
        onMoved: if (!pressed)
            setting.picked(value)
        onPressedChanged: if (!pressed && value !== setting.value)
            setting.picked(value)
        Accessible.description: amount.text

        // Dragging breaks the binding; what is stored wins again when it changes.
        Connections {
            target: setting
            function onValueChanged(): void {
                slider.value = setting.value;
            }
        }
    }
    Text {
        id: amount
        text: Math.abs(slider.value - setting.offValue) < setting.step / 2 && setting.offText !== "" ? setting.offText
            : Number(slider.value).toLocaleString(Qt.locale(), "f", setting.decimals) + (setting.unit === "" ? "" : " " + setting.unit)
        textFormat: Text.PlainText
        color: Theme.text
        font.pixelSize: Theme.body
        horizontalAlignment: Text.AlignRight
        Layout.preferredWidth: Math.max(implicitWidth, Theme.space32 * 3)
        Accessible.ignored: true
    }
}
