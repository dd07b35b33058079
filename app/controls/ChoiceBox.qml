// One of several: a closed list. `label` is its name for screen readers.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.ComboBox {
    id: control

    required property string label

    implicitWidth: Theme.menuWidth
    implicitHeight: Theme.control
    leftPadding: mirrored ? Theme.control : Theme.space12
    rightPadding: mirrored ? Theme.space12 : Theme.control
    hoverEnabled: true
    opacity: enabled ? 1 : 0.5
    Accessible.name: label
    Accessible.description: displayText
    // On release: the template takes the release of Return as the end of choosing.
    Keys.onReleased: event => {
        if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && !popup.visible) {
            popup.open();
            event.accepted = true;
        }
    }

    contentItem: Text {
        text: control.displayText
        textFormat: Text.PlainText
        color: Theme.text
        font.pixelSize: Theme.body
        verticalAlignment: Text.AlignVCenter
        elide: Text.ElideRight
        Accessible.ignored: true
    }
    indicator: Icon {
        x: control.mirrored ? Theme.space8 : control.width - width - Theme.space8
        y: Math.round((control.height - height) / 2)
        width: Theme.iconSmall
        height: Theme.iconSmall
        name: "chevron-down"
        color: Theme.textMuted
        Accessible.ignored: true
    }
    background: Rectangle {
        radius: Theme.radiusSmall + 2
        color: control.hovered ? Theme.surface : Theme.background
        border.width: Theme.hairline
        border.color: Theme.borderStrong
        FocusRing {
            shown: control.visualFocus
        }
    }
    delegate: T.ItemDelegate {
        id: choice

        required property int index

        width: ListView.view?.width ?? 0
        implicitHeight: Theme.row
        highlighted: control.highlightedIndex === index
        text: control.textAt(index)
        Accessible.name: text

        contentItem: Text {
            leftPadding: Theme.space8
            text: choice.text
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            font.weight: control.currentIndex === choice.index ? Font.DemiBold : Font.Normal
            verticalAlignment: Text.AlignVCenter
            elide: Text.ElideRight
            Accessible.ignored: true
        }
        background: Rectangle {
            radius: Theme.radiusSmall
            color: choice.highlighted ? Theme.surfaceRaised : "transparent"
        }
    }
    popup: T.Popup {
        y: control.height + Theme.space4
        width: control.width
        implicitHeight: Math.min(contentItem.implicitHeight + 2 * padding, control.Window.height - 2 * margins)
        padding: Theme.space4
        margins: Theme.space8
        contentItem: ListView {
            clip: true
            implicitHeight: contentHeight
            model: control.popup.visible ? control.delegateModel : null
            currentIndex: control.highlightedIndex
            T.ScrollBar.vertical: SlimScrollBar {}
        }
        background: Rectangle {
            color: Theme.background
            radius: Theme.radiusCard
            border.width: Theme.hairline
            border.color: Theme.borderStrong
        }
    }
}
