// A button with words. One Primary at most in a place.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Controls
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

    readonly property color ink: kind === PushButton.Primary ? Theme.textOnAccent
        : kind === PushButton.Danger ? Theme.textOnDanger
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

    contentItem: Item { // qmllint disable deferred-property-id
        implicitWidth: label.implicitWidth + (control.iconName !== "" ? icon.width + row.spacing : 0)
        implicitHeight: label.implicitHeight

        Row {
            id: row
            anchors.centerIn: parent
            spacing: Theme.space8

            Icon {
                id: icon
                visible: control.iconName !== ""
                name: control.iconName
                color: control.ink
                width: Theme.iconSmall
                height: Theme.iconSmall
                anchors.verticalCenter: parent.verticalCenter
                Accessible.ignored: true
            }
            Text {
                id: label
                text: control.text
                textFormat: Text.PlainText
                color: control.ink
                font.pixelSize: control.compact ? Theme.caption + 1 : Theme.body
                font.weight: Font.Medium
                elide: Text.ElideRight
                width: Math.min(implicitWidth,
                    control.availableWidth - (icon.visible ? icon.width + row.spacing : 0))
                anchors.verticalCenter: parent.verticalCenter
                Accessible.ignored: true
            }
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

    TipHost {
        wanted: (control.hovered || control.visualFocus) && !control.down
        text: control.tip
        keys: control.keys
    }
}
