// How the chosen model is doing: loading, ready and on what, or why not.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

ColumnLayout {
    id: status

    required property ModelViewModel models

    spacing: Theme.space8
    Layout.fillWidth: true

    Notice {
        visible: status.models.starterInUse
        tone: Notice.Warning
        text: qsTr("The starter model is a demonstration: outside its few scripted topics most of its answers are wrong. Open a real model for real use.")
        Layout.fillWidth: true
    }
    Notice {
        visible: status.models.errorText !== ""
        tone: Notice.Danger
        text: status.models.errorText
        details: status.models.errorDetail
        actionText: qsTr("Try again")
        dismissible: status.models.state !== ModelViewModel.Failed
        onActed: status.models.retry()
        onDismissed: status.models.dismissError()
        Layout.fillWidth: true
    }
    Notice {
        visible: status.models.warning !== ""
        tone: Notice.Warning
        text: status.models.warning
        Layout.fillWidth: true
    }
    RowLayout {
        visible: status.models.state === ModelViewModel.Loading
        spacing: Theme.space12
        Layout.fillWidth: true

        Text {
            text: qsTr("Loading %1: %2 %").arg(status.models.name).arg(Math.round(status.models.progress * 100))
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            elide: Text.ElideRight
            Layout.fillWidth: true
        }
        PushButton {
            text: qsTr("Cancel")
            compact: true
            onClicked: status.models.cancel()
        }
    }
    Text {
        visible: status.models.state === ModelViewModel.Ready
        text: qsTr("%1 runs on %2 with a context of %L3 tokens, using %4. %5")
            .arg(status.models.name).arg(status.models.device).arg(status.models.contextLength)
            .arg(status.models.memoryText).arg(status.models.deviceReason)
        textFormat: Text.PlainText
        color: Theme.textMuted
        font.pixelSize: Theme.body
        wrapMode: Text.Wrap
        Layout.fillWidth: true
    }
}
