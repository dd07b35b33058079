// A button with words. One Primary at most in a place.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Theme

T.AbstractButton {
    id: control

    enum Kind {
        Primary,
        Secondary,
        Quiet,
        Danger
    }
    property int kind: PushButton.Secondary
    property string iconName: ""
    property string tip: ""
    property string keys: ""
    property bool compact: false

    readonly property color ink: kind === PushButton.Primary ? Theme.onAccent
        : kind === PushButton.Danger ? Theme.onDanger
        : kind === PushButton.Quiet ? Theme.accent : Theme.text

    implicitWidth: Math.max(implicitHeight, contentItem.implicitWidth + leftPadding + rightPadding)
    implicitHeight: compact ? Theme.controlSmall : Theme.control
    horizontalPadding: compact ? Theme.space8 + 2 : Theme.space16
    hoverEnabled: true
    focusPolicy: Qt.StrongFocus
    opacity: enabled ? 1 : 0.5
    Accessible.role: Accessible.Button
    Accessible.name: text
    Accessible.description: tip
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()

    contentItem: RowLayout {
        spacing: Theme.space8

        Item {
            Layout.fillWidth: true
        }
        Icon {
            visible: control.iconName !== ""
            name: control.iconName
            color: control.ink
            Layout.preferredWidth: Theme.iconSmall
            Layout.preferredHeight: Theme.iconSmall
            Accessible.ignored: true
        }
        Text {
            text: control.text
            textFormat: Text.PlainText
            color: control.ink
            font.pixelSize: control.compact ? Theme.caption + 1 : Theme.body
            font.weight: Font.Medium
            elide: Text.ElideRight
            Layout.maximumWidth: control.availableWidth
            Accessible.ignored: true
        }
        Item {
            Layout.fillWidth: true
        }
    }
    background: Rectangle {
        radius: Theme.radiusSmall + 2
        color: {
            const over = control.hovered && control.enabled;
            switch (control.kind) {
            case PushButton.Primary:
                return over ? Theme.accentHover : Theme.accent;
            case PushButton.Danger:
                return Theme.danger;
            case PushButton.Quiet:
                return over ? Theme.accentSoft : "transparent";
            default:
                return over ? Theme.surfaceHover : Theme.surfaceRaised;
            }
        }
        FocusRing {
            shown: control.visualFocus
        }
        Behavior on color {
            enabled: Theme.animated
            ColorAnimation {
                duration: Theme.quick
            }
        }
    }

    Loader {
        active: control.tip !== "" && (control.hovered || control.visualFocus)
        sourceComponent: Tip {
            parent: control
            text: control.tip
            keys: control.keys
            visible: !control.down
        }
    }
}
