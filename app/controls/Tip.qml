// A tooltip: what a control does, and the keys that do it.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.ToolTip {
    id: tip

    property string keys: ""

    x: parent ? Math.round((parent.width - implicitWidth) / 2) : 0
    y: parent ? parent.height + Theme.space4 : 0
    implicitWidth: contentItem.implicitWidth + leftPadding + rightPadding
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    margins: Theme.space8
    horizontalPadding: Theme.space8
    verticalPadding: Theme.space4 + 1
    delay: 500
    timeout: 8000
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutsideParent

    Shortcut {
        id: hint
        enabled: false
        sequence: tip.keys
    }

    contentItem: Row {
        spacing: Theme.space8

        Text {
            text: tip.text
            textFormat: Text.PlainText
            color: Theme.background
            font.pixelSize: Theme.caption
            wrapMode: Text.Wrap
            width: Math.min(implicitWidth, Theme.dialogWidth)
        }
        Text {
            visible: tip.keys !== ""
            text: hint.nativeText
            textFormat: Text.PlainText
            color: Theme.background
            opacity: 0.8
            font.pixelSize: Theme.caption
        }
    }
    background: Rectangle {
        color: Theme.text
        radius: Theme.radiusSmall
    }
}
