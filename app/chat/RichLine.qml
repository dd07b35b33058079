// Text of a message that can be selected. `markup` is our own safe subset; links ask before they open.
import QtQuick
import Alcove.Controls
import Alcove.Theme

TextEdit {
    id: line

    required property string markup

    signal linkWanted(string target)

    text: Theme.richText(markup)
    textFormat: TextEdit.RichText
    readOnly: true
    selectByMouse: true
    wrapMode: TextEdit.Wrap
    color: Theme.text
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    font.pixelSize: Theme.message
    activeFocusOnTab: false
    Accessible.role: Accessible.StaticText
    Accessible.name: getText(0, length)
    Accessible.readOnly: true
    onLinkActivated: link => line.linkWanted(link)

    HoverHandler {
        cursorShape: line.hoveredLink !== "" ? Qt.PointingHandCursor : Qt.IBeamCursor
    }
    TipHost {
        wanted: line.hoveredLink === "alcove-citation:"
        text: qsTr("None of the passages that were read supports this sentence.")
    }
}
