// What a place is for, while nothing is in it, and the first step.
import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Theme

ColumnLayout {
    id: empty

    property string iconName: ""
    required property string title
    property string text: ""

    spacing: Theme.space8

    Icon {
        visible: empty.iconName !== ""
        name: empty.iconName
        color: Theme.accent
        Layout.preferredWidth: 2 * Theme.space24
        Layout.preferredHeight: 2 * Theme.space24
        Layout.alignment: Qt.AlignHCenter
        Accessible.ignored: true
    }
    Text {
        text: empty.title
        textFormat: Text.PlainText
        color: Theme.text
        font.pixelSize: Theme.pageTitle
        font.weight: Font.DemiBold
        wrapMode: Text.Wrap
        horizontalAlignment: Text.AlignHCenter
        Layout.fillWidth: true
        Accessible.role: Accessible.Heading
        Accessible.name: text
    }
    Text {
        visible: text !== ""
        text: empty.text
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.body
        lineHeight: Theme.proseLineHeight
        wrapMode: Text.Wrap
        horizontalAlignment: Text.AlignHCenter
        Layout.fillWidth: true
    }
}
