// One plain line about a state of things, with at most one action and a way to fold its details out.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Theme

Rectangle {
    id: notice

    enum Tone {
        Information,
        Warning,
        Danger
    }
    required property string text
    property string details: ""
    property string actionText: ""
    property bool dismissible: false
    property int tone: Notice.Information

    signal acted
    signal dismissed

    implicitWidth: Theme.columnWidth
    implicitHeight: body.implicitHeight + 2 * Theme.space8
    radius: Theme.radiusCard
    color: tone === Notice.Danger ? Theme.dangerSoft : tone === Notice.Warning ? Theme.warningSoft : Theme.accentSoft
    Accessible.role: tone === Notice.Information ? Accessible.StaticText : Accessible.AlertMessage
    Accessible.name: text

    GridLayout {
        id: body

        readonly property bool stacked: notice.width < Theme.dialogWidth && notice.actionText !== ""

        anchors.fill: parent
        anchors.margins: Theme.space8
        anchors.leftMargin: Theme.space12
        columns: stacked ? 1 : 2
        columnSpacing: Theme.space12
        rowSpacing: Theme.space4

        RowLayout {
            spacing: Theme.space8
            Layout.fillWidth: true

            AlertIcon {
                tone: notice.tone
                Layout.preferredWidth: Theme.icon
                Layout.preferredHeight: Theme.icon
                Layout.alignment: Qt.AlignTop
            }
            ColumnLayout {
                spacing: Theme.space4
                Layout.fillWidth: true

                Text {
                    text: notice.text
                    textFormat: Text.PlainText
                    color: Theme.text
                    font.pixelSize: Theme.body
                    wrapMode: Text.Wrap
                    Layout.fillWidth: true
                    Accessible.ignored: true
                }
                PushButton {
                    id: fold
                    property bool open: false
                    visible: notice.details !== ""
                    kind: PushButton.Quiet
                    compact: true
                    text: open ? qsTr("Hide details") : qsTr("Show details")
                    onClicked: open = !open
                }
                Text {
                    visible: notice.details !== "" && fold.open
                    text: notice.details
                    textFormat: Text.PlainText
                    color: Theme.textMuted
                    font.family: Theme.monospace
                    font.pixelSize: Theme.caption
                    wrapMode: Text.WrapAnywhere
                    Layout.fillWidth: true
                }
            }
        }
        RowLayout {
            visible: notice.actionText !== "" || notice.dismissible
            spacing: Theme.space4
            Layout.alignment: body.stacked ? Qt.AlignRight : Qt.AlignVCenter

            PushButton {
                id: action
                visible: notice.actionText !== ""
                text: notice.actionText
                compact: true
                kind: PushButton.Primary
                onClicked: notice.acted()
            }
            IconButton {
                id: close
                visible: notice.dismissible
                implicitWidth: Theme.controlSmall
                implicitHeight: Theme.controlSmall
                iconName: "close"
                iconSize: Theme.iconSmall
                text: qsTr("Dismiss")
                onClicked: notice.dismissed()
            }
        }
    }
}
