// A paragraph or a heading of an answer.
pragma ComponentBehavior: Bound

import QtQuick
import Alcove.Theme

BlockFrame {
    id: block

    required property string markup
    required property int level
    property bool heading: false
    property var citations: []

    signal linkWanted(string target)

    gap: heading ? Theme.space16 + Theme.space4 : Theme.space12

    RichLine {
        width: block.bodyWidth
        markup: block.markup
        citations: block.citations
        color: block.quoteDepth > 0 ? Theme.textMuted : Theme.text
        font.pixelSize: block.heading ? Theme.headingSize(block.level) : Theme.message
        font.weight: block.heading ? Font.DemiBold : Font.Normal
        Accessible.role: block.heading ? Accessible.Heading : Accessible.StaticText
        onLinkWanted: target => block.linkWanted(target)
    }
}
