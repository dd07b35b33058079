// The model in use: its name, a dot for its state, where it runs. Opens the list of models.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import QtQuick.Layouts
import QtQuick.Templates as T
import Alcove.Controls
import Alcove.Models
import Alcove.Theme

T.AbstractButton {
    id: picker

    required property ModelViewModel models
    required property string status // of the model, in a word or two
    required property string device // its short name
    property bool compact: false

    signal manageWanted

    readonly property bool ready: models.state === ModelViewModel.Ready
    readonly property bool loading: models.state === ModelViewModel.Loading

    function openList() {
        menu.popup(picker, 0, picker.height + Theme.space4);
    }

    text: models.name !== "" ? models.name : qsTr("Choose a model")
    implicitHeight: Theme.control
    implicitWidth: contentItem.implicitWidth + leftPadding + rightPadding
    leftPadding: Theme.space12
    rightPadding: Theme.space8
    hoverEnabled: true
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.ButtonMenu
    Accessible.name: ready ? qsTr("Model: %1. %2, on %3").arg(text).arg(status).arg(models.device)
        : qsTr("Model: %1. %2").arg(text).arg(status)
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()
    Keys.onDownPressed: clicked()
    onClicked: openList()

    contentItem: RowLayout { // qmllint disable deferred-property-id
        spacing: Theme.space8

        Rectangle {
            implicitWidth: Theme.dot
            implicitHeight: Theme.dot
            radius: width / 2
            color: picker.ready ? Theme.success : picker.loading ? Theme.warning
                : picker.models.state === ModelViewModel.Failed ? Theme.danger : Theme.borderStrong
        }
        Text {
            text: picker.text
            textFormat: Text.PlainText
            color: Theme.text
            font.pixelSize: Theme.body
            elide: Text.ElideMiddle
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.menuWidth
            Accessible.ignored: true
        }
        Rectangle {
            visible: badge.text !== "" && !(picker.compact && picker.ready)
            Layout.fillWidth: true
            Layout.maximumWidth: implicitWidth
            implicitWidth: Math.ceil(badge.implicitWidth) + 2 * Theme.space8
            implicitHeight: badge.implicitHeight + Theme.space4
            radius: height / 2
            color: Theme.surfaceRaised

            Text {
                id: badge
                anchors.centerIn: parent
                width: parent.width - 2 * Theme.space8
                elide: Text.ElideRight
                text: picker.ready ? picker.device
                    : picker.loading || picker.models.state === ModelViewModel.Failed ? picker.status : ""
                textFormat: Text.PlainText
                color: Theme.textMuted
                font.pixelSize: Theme.caption
                Accessible.ignored: true
            }
        }
        Icon {
            name: "chevron-down"
            color: Theme.textMuted
            Layout.preferredWidth: Theme.iconSmall
            Layout.preferredHeight: Theme.iconSmall
            Accessible.ignored: true
        }
    }
    background: Rectangle {
        radius: Theme.radiusSmall + 2
        color: picker.hovered || menu.visible ? Theme.surfaceRaised : "transparent"
        FocusRing {
            shown: picker.visualFocus
        }
    }

    TipHost {
        wanted: (picker.hovered || picker.visualFocus) && !menu.visible
        text: picker.ready && picker.models.deviceReason !== ""
                ? qsTr("%1, on %2. %3").arg(picker.text).arg(picker.models.device).arg(picker.models.deviceReason)
                : qsTr("Choose a model")
        keys: "Ctrl+M"
    }
    ContextMenu {
        id: menu
        implicitWidth: Theme.sidebarWidth + Theme.space32

        Instantiator {
            model: picker.models.library
            delegate: ContextMenuItem {
                required property string path
                required property string name
                required property string sizeText
                required property bool starter
                required property bool current
                required property string problem

                text: name
                note: problem !== "" ? problem : starter ? qsTr("A small demonstration model") : sizeText
                checkable: true
                checked: current
                enabled: problem === ""
                onTriggered: picker.models.choose(path)
            }
            onObjectAdded: (index, object) => menu.insertItem(index, object)
            onObjectRemoved: (index, object) => menu.removeItem(object)
        }
        ContextMenuLine {}
        ContextMenuItem {
            text: qsTr("Open a model file…")
            iconName: "file"
            onTriggered: dialog.open()
        }
        ContextMenuItem {
            text: qsTr("All about models")
            iconName: "models"
            onTriggered: picker.manageWanted()
        }
    }
    FileDialog {
        id: dialog
        title: qsTr("Open a model file")
        nameFilters: [qsTr("Models (*.gguf)")]
        onAccepted: picker.models.chooseFile(selectedFile)
    }
}
