// Text of a message that can be selected. `markup` is our own safe subset; links ask before they open.
import QtQuick
import Alcove.Controls
import Alcove.Theme

TextEdit {
    id: line

    required property string markup

    property var citations: [] // what numbers in brackets lead to: of {number, text}

    signal linkWanted(string target)

    // What a link of our own says while the pointer is over it.
    function tipOf(link: string): string {
        const scheme = "alcove-citation:";
        if (!link.startsWith(scheme))
            return "";
        if (link === scheme)
            return qsTr("None of the passages that were read supports this sentence.");
        return citations.find(one => one.number === Number(link.substring(scheme.length)))?.text ?? "";
    }

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
        wanted: text !== ""
        text: line.tipOf(line.hoveredLink)
    }
}
