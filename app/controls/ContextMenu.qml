// A menu: made of ContextMenuItem and ContextMenuLine.
pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.Menu {
    id: control

    implicitWidth: Theme.menuWidth
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    padding: Theme.space4
    margins: Theme.space8
    overlap: 1

    contentItem: ListView {
        implicitHeight: contentHeight
        model: control.contentModel
        interactive: contentHeight > height
        clip: true
        currentIndex: control.currentIndex
        keyNavigationEnabled: true
        T.ScrollBar.vertical: SlimScrollBar {}
    }
    background: Rectangle {
        color: Theme.background
        radius: Theme.radiusCard
        border.width: Theme.hairline
        border.color: Theme.borderStrong
    }
    enter: Transition {
        enabled: Theme.animated
        NumberAnimation {
            property: "opacity"
            from: 0
            to: 1
            duration: Theme.quick
            easing.type: Easing.OutCubic
        }
    }
}
