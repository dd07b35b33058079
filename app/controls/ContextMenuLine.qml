// The line between groups of a menu.
import QtQuick
import QtQuick.Templates as T
import Alcove.Theme

T.MenuSeparator {
    implicitHeight: Theme.space8 + Theme.hairline
    implicitWidth: Theme.menuWidth
    verticalPadding: Theme.space4
    contentItem: Rectangle {
        implicitHeight: Theme.hairline
        color: Theme.border
    }
}
