// A way to another page, at the foot of the sidebar.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.AbstractButton {
    id: control

    required property string iconName
    property string keys: ""

    implicitHeight: Theme.row
    implicitWidth: Theme.sidebarWidth
    leftPadding: mirrored ? Theme.space8 : Theme.space8 + 2
    rightPadding: mirrored ? Theme.space8 + 2 : Theme.space8
    hoverEnabled: true
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.PageTab
    Accessible.name: text
    Accessible.selected: checked
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()

    contentItem: RowLayout {
        spacing: Theme.space12

        Icon {
            name: control.iconName
            color: control.checked ? Theme.accent : Theme.textMuted
            Layout.preferredWidth: Theme.icon
            Layout.preferredHeight: Theme.icon
            Accessible.ignored: true
        }
        Text {
            text: control.text
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            font.weight: control.checked ? Font.DemiBold : Font.Normal
            elide: Text.ElideRight
            Layout.fillWidth: true
            Accessible.ignored: true
        }
    }
    background: Rectangle {
        radius: Theme.radiusSmall
        color: control.checked ? Theme.accentSoft : control.hovered ? Theme.surfaceHover : "transparent"
        FocusRing {
            shown: control.visualFocus
            distance: 0
        }
    }
    TipHost {
        wanted: control.keys !== "" && (control.hovered || control.visualFocus) && !control.down
        text: control.text
        keys: control.keys
    }
}
