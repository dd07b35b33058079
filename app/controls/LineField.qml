// One line of text to type. `label` is its name for screen readers; an icon and a clear button are optional.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Theme

T.TextField {
    id: control

    required property string label
    property string iconName: ""
    property bool clearable: false
    property bool invalid: false

    implicitWidth: Theme.menuWidth
    implicitHeight: Theme.control
    readonly property bool mirrored: LayoutMirroring.enabled
    readonly property int startPadding: iconName !== "" ? Theme.control - Theme.space4 : Theme.space12
    readonly property int endPadding: clearButton.visible ? Theme.control : Theme.space12
    leftPadding: mirrored ? endPadding : startPadding
    rightPadding: mirrored ? startPadding : endPadding
    verticalAlignment: TextInput.AlignVCenter
    font.pixelSize: Theme.body
    color: Theme.text
    placeholderTextColor: Theme.textMuted
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    selectByMouse: true
    hoverEnabled: true
    Accessible.role: Accessible.EditableText
    Accessible.name: label
    Accessible.description: placeholderText
    Keys.onEscapePressed: event => {
        if (clearable && text !== "")
            clear();
        else
            event.accepted = false;
    }

    background: Rectangle {
        radius: Theme.radiusSmall + 2
        color: Theme.background
        border.width: control.activeFocus ? Theme.focusRing : Theme.hairline
        border.color: control.invalid ? Theme.danger : control.activeFocus ? Theme.accent : Theme.borderStrong
    }

    Icon {
        visible: control.iconName !== ""
        anchors.left: parent.left
        anchors.leftMargin: Theme.space8 + 2
        anchors.verticalCenter: parent.verticalCenter
        width: Theme.iconSmall
        height: Theme.iconSmall
        name: control.iconName
        color: Theme.textMuted
        Accessible.ignored: true
    }
    Text {
        visible: control.length === 0 && control.preeditText === ""
        x: control.leftPadding
        width: control.width - control.leftPadding - control.rightPadding
        height: control.height
        verticalAlignment: Text.AlignVCenter
        text: control.placeholderText
        textFormat: Text.PlainText
        color: control.placeholderTextColor
        font: control.font
        elide: Text.ElideRight
        Accessible.ignored: true
    }
    IconButton {
        id: clearButton
        visible: control.clearable && control.length > 0
        anchors.right: parent.right
        anchors.rightMargin: Theme.space4
        anchors.verticalCenter: parent.verticalCenter
        width: Theme.controlSmall
        height: Theme.controlSmall
        iconName: "close"
        iconSize: Theme.iconSmall
        text: qsTr("Clear")
        onClicked: {
            control.clear();
            control.forceActiveFocus();
        }
    }
}
