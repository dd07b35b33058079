// One choice of a menu.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.MenuItem {
    id: control

    property string iconName: ""
    property string keys: ""
    property string note: "" // a second, muted line
    property bool dangerous: false

    readonly property color ink: dangerous ? Theme.danger : Theme.text

    implicitWidth: Theme.menuWidth
    implicitHeight: visible ? Math.max(Theme.row, contentItem.implicitHeight + Theme.space8) : 0
    leftPadding: Theme.space8
    rightPadding: Theme.space8
    opacity: enabled ? 1 : 0.5
    Accessible.role: Accessible.MenuItem
    Accessible.name: text
    Accessible.description: note

    Shortcut {
        id: hint
        enabled: false
        sequence: control.keys
    }
    contentItem: RowLayout {
        spacing: Theme.space8

        Icon {
            visible: control.iconName !== "" || control.checkable
            name: control.checkable ? (control.checked ? "check" : "") : control.iconName
            color: control.checkable ? Theme.accent : control.dangerous ? Theme.danger : Theme.textMuted
            Layout.preferredWidth: Theme.iconSmall
            Layout.preferredHeight: Theme.iconSmall
            Accessible.ignored: true
        }
        ColumnLayout {
            spacing: 0
            Layout.fillWidth: true

            Text {
                text: control.text
                textFormat: Text.PlainText
                color: control.ink
                font.pixelSize: Theme.body
                elide: Text.ElideMiddle
                Layout.fillWidth: true
                Accessible.ignored: true
            }
            Text {
                visible: text !== ""
                text: control.note
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                elide: Text.ElideRight
                Layout.fillWidth: true
                Accessible.ignored: true
            }
        }
        Text {
            visible: control.keys !== ""
            text: hint.nativeText
            textFormat: Text.PlainText
            color: Theme.textMuted
            font.pixelSize: Theme.caption
            Accessible.ignored: true
        }
    }
    indicator: null
    arrow: null
    background: Rectangle {
        radius: Theme.radiusSmall
        color: control.highlighted ? Theme.surfaceRaised : "transparent"
        FocusRing {
            shown: control.visualFocus
            distance: 0
        }
    }
}
