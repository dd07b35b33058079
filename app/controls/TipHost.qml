// Makes the tooltip of the item it is in while it is wanted: most are never seen.
//
// By address and not as an inline component: Qt 6.4 cannot load a bound component with a Loader.
import QtQuick

Loader {
    id: host

    required property bool wanted
    required property string text
    property string keys: ""

    active: wanted && text !== ""
    source: Qt.resolvedUrl("Tip.qml") // of this folder, wherever the host is used

    Binding {
        target: host.item
        property: "parent"
        value: host.parent
    }
    Binding {
        target: host.item
        property: "text"
        value: host.text
    }
    Binding {
        target: host.item
        property: "keys"
        value: host.keys
    }
    Binding {
        target: host.item
        property: "visible"
        value: true
    }
}
