// Several lines of text to type; `committed` tells the text when the keyboard goes elsewhere.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.ScrollView {
    id: box

    required property string label
    property string text: ""
    property string placeholderText: ""

    signal committed(string text)

    implicitHeight: Math.min(Math.max(area.implicitHeight, 3 * Theme.row), 8 * Theme.row)
    contentWidth: availableWidth

    background: Rectangle {
        radius: Theme.radiusSmall + 2
        color: Theme.background
        border.width: area.activeFocus ? Theme.focusRing : Theme.hairline
        border.color: area.activeFocus ? Theme.accent : Theme.borderStrong
    }

    T.TextArea {
        id: area
        text: box.text
        padding: Theme.space12
        wrapMode: TextEdit.Wrap
        textFormat: TextEdit.PlainText
        font.pixelSize: Theme.body
        color: Theme.text
        placeholderTextColor: Theme.textMuted
        selectionColor: Theme.selection
        selectedTextColor: Theme.text
        selectByMouse: true
        implicitHeight: contentHeight + topPadding + bottomPadding
        // Tab leaves the box: a system prompt needs no tabulators, the keyboard needs a way on.
        Keys.onTabPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
        Keys.onBacktabPressed: nextItemInFocusChain(false).forceActiveFocus(Qt.BacktabFocusReason)
        Accessible.role: Accessible.EditableText
        Accessible.name: box.label
        Accessible.description: box.placeholderText
        onActiveFocusChanged: if (!activeFocus && text !== box.text)
            box.committed(text)
        Component.onDestruction: if (text !== box.text)
            box.committed(text)

        Text {
            visible: area.length === 0
            x: area.leftPadding
            y: area.topPadding
            text: box.placeholderText
            textFormat: Text.PlainText
            color: Theme.textMuted
            font: area.font
            Accessible.ignored: true
        }
    }
}
