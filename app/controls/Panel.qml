// A modal panel in the middle of the window: a title, what there is to say, its buttons. Esc closes it.
import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Theme

T.Popup {
    id: panel

    required property string title
    default property alias content: column.data
    property alias buttons: buttonRow.data

    parent: T.Overlay.overlay
    anchors.centerIn: parent
    width: Math.min(Theme.dialogWidth, (parent?.width ?? Theme.dialogWidth) - 2 * Theme.space16)
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    padding: Theme.space24
    modal: true
    focus: true
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutside

    T.Overlay.modal: Rectangle {
        color: Theme.scrim
    }
    background: Rectangle {
        color: Theme.background
        radius: Theme.radiusBubble
        border.width: Theme.hairline
        border.color: Theme.border
    }
    contentItem: ColumnLayout { // qmllint disable deferred-property-id
        spacing: Theme.space16
        Accessible.role: Accessible.Dialog
        Accessible.name: panel.title

        Text {
            text: panel.title
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.title
            font.weight: Font.DemiBold
            wrapMode: Text.Wrap
            Layout.fillWidth: true
            Accessible.role: Accessible.Heading
            Accessible.name: text
        }
        ColumnLayout {
            id: column
            spacing: Theme.space12
            Layout.fillWidth: true
        }
        Flow {
            id: buttonRow
            spacing: Theme.space8
            layoutDirection: Qt.RightToLeft
            Layout.fillWidth: true
        }
    }
    enter: Transition {
        enabled: Theme.animated
        NumberAnimation {
            property: "opacity"
            from: 0
            to: 1
            duration: Theme.gentle
            easing.type: Easing.OutCubic
        }
    }
}
