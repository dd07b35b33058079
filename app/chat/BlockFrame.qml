// The place of a block: the quotation bars and the list marker before it, the distance above it.
pragma ComponentBehavior: Bound

import QtQuick
import Alcove.Controls
import Alcove.Theme

Item {
    id: frame

    required property int index
    required property int indent
    required property int quoteDepth
    required property string marker
    required property int task
    required property bool tight
    property int gap: Theme.space12
    default required property Item body

    readonly property int topGap: index === 0 ? 0 : tight ? Theme.space4 : gap
    readonly property int lead: quoteDepth * Theme.space16 + indent * Theme.indent
    readonly property int bodyWidth: width - lead

    width: parent?.width ?? 0
    implicitHeight: topGap + (body?.implicitHeight ?? 0)

    Repeater {
        model: frame.quoteDepth

        Rectangle {
            required property int index
            anchors.left: parent?.left
            anchors.leftMargin: index * Theme.space16
            y: frame.tight ? 0 : frame.topGap
            width: Theme.quoteBar
            height: frame.height - y
            radius: width / 2
            color: Theme.accent
            opacity: 0.6
        }
    }
    Item {
        id: holder
        anchors.left: parent.left
        anchors.leftMargin: frame.lead
        y: frame.topGap
        width: frame.bodyWidth
        height: frame.body?.implicitHeight ?? 0
        children: frame.body ? [frame.body] : []
    }
    Text {
        visible: frame.marker !== ""
        anchors.right: holder.left
        anchors.rightMargin: Theme.space8
        y: frame.topGap
        text: frame.marker
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.message
        lineHeight: Theme.lineHeightPercent / 100
        Accessible.ignored: true
    }
    Rectangle {
        visible: frame.task !== 0
        anchors.right: holder.left
        anchors.rightMargin: Theme.space8
        y: frame.topGap + Math.round((Theme.message * Theme.messageLineHeight - height) / 2)
        width: Theme.iconSmall
        height: Theme.iconSmall
        radius: Theme.space4
        color: frame.task === 2 ? Theme.accent : "transparent"
        border.width: frame.task === 2 ? 0 : Theme.hairline
        border.color: Theme.borderStrong
        Accessible.role: Accessible.CheckBox
        Accessible.name: frame.task === 2 ? qsTr("Done") : qsTr("To do")

        Icon {
            visible: frame.task === 2
            anchors.fill: parent
            anchors.margins: 2
            name: "check"
            color: Theme.textOnAccent
            Accessible.ignored: true
        }
    }
}
