// The icon of a notice, in the colour of what it says.
import QtQuick
import Alcove.Controls
import Alcove.Theme

Icon {
    property int tone: Notice.Information

    width: Theme.icon
    height: Theme.icon
    name: tone === Notice.Information ? "info" : "warning"
    color: tone === Notice.Danger ? Theme.danger : tone === Notice.Warning ? Theme.warning : Theme.accent
    Accessible.ignored: true
}
