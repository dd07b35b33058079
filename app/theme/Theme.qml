// Theme: every colour, size and duration of the window. Nothing outside this file writes a literal one.
pragma Singleton

import QtQuick
import Alcove.Theme

QtObject {
    id: theme

    // The user's choices, bound once by the main window.
    property string mode: "system" // system | light | dark
    property real fontScale: 1

    readonly property SystemLook system: SystemLook {}
    readonly property bool dark: mode === "dark" || (mode === "system" && system.dark)

    // Surfaces, from the back to the front.
    readonly property color background: dark ? "#15171B" : "#FFFFFF"
    readonly property color surface: dark ? "#1B1E24" : "#F6F7F9"
    readonly property color surfaceRaised: dark ? "#252932" : "#ECEEF2"
    readonly property color surfaceHover: dark ? "#2D323C" : "#E3E6EC"
    readonly property color scrim: dark ? "#99000000" : "#591A1D23"
    readonly property color shadow: dark ? "#66000000" : "#241A1D23"

    // Lines: `border` divides, `borderStrong` says "this is a control".
    readonly property color border: dark ? "#333944" : "#D9DEE5"
    readonly property color borderStrong: dark ? "#737D8E" : "#828C9B"

    readonly property color text: dark ? "#E8EAEE" : "#1A1D23"
    readonly property color textMuted: dark ? "#A6AFBD" : "#566072"
    readonly property color accent: dark ? "#6CC5BC" : "#1F6F6B"
    readonly property color accentHover: dark ? "#84D2CA" : "#185B58"
    // Not "onAccent": QML takes such a name for a signal handler.
    readonly property color textOnAccent: dark ? "#0B2422" : "#FFFFFF"
    readonly property color accentSoft: dark ? "#1E3331" : "#E1F0EE"
    readonly property color danger: dark ? "#FF8A80" : "#B3261E"
    readonly property color dangerSoft: dark ? "#3A2220" : "#FBEBEA"
    readonly property color textOnDanger: dark ? "#3A0906" : "#FFFFFF"
    readonly property color warning: dark ? "#E6B85C" : "#8A5A00"
    readonly property color warningSoft: dark ? "#332A17" : "#FDF4E0"
    readonly property color success: dark ? "#7FCB94" : "#1E6B3A"
    readonly property color highlight: dark ? "#5A4B16" : "#FFF1B8"
    readonly property color paperMark: "#FFE98A" // on the white of a drawn page, in either theme
    readonly property color selection: dark ? "#2F5F5B" : "#BFE0DC"

    // Space
    readonly property int space4: 4
    readonly property int space8: 8
    readonly property int space12: 12
    readonly property int space16: 16
    readonly property int space24: 24
    readonly property int space32: 32

    // Corners
    readonly property int radiusSmall: 6
    readonly property int radiusCard: 10
    readonly property int radiusBubble: 14

    // Lines and rings
    readonly property int hairline: 1
    readonly property int focusRing: 2
    readonly property int contextBar: 3

    // Type, in pixels
    readonly property int caption: Math.round(12 * fontScale)
    readonly property int body: Math.round(14 * fontScale)
    readonly property int message: Math.round(15 * fontScale)
    readonly property int code: Math.round(15 * 0.93 * fontScale)
    readonly property int title: Math.round(18 * fontScale)
    readonly property int pageTitle: Math.round(24 * fontScale)
    readonly property real messageLineHeight: 1.55 // of the letters' size
    readonly property FontMetrics messageMetrics: FontMetrics {
        font.pixelSize: theme.message
    }
    // Rich text counts in parts of the font's own line, which is higher than its size.
    readonly property int lineHeightPercent: Math.round(100 * messageLineHeight * message / messageMetrics.lineSpacing)
    readonly property real proseLineHeight: 1.45 * message / messageMetrics.lineSpacing // explanations in pages
    readonly property string monospace: system.monospaceFamily
    function headingSize(level: int): int {
        return Math.round([22, 19, 17, 15, 15, 15][Math.max(1, Math.min(6, level)) - 1] * fontScale);
    }

    // Sizes of parts; those that hold text grow with it.
    readonly property int icon: 20
    readonly property int iconSmall: 16
    readonly property int control: Math.max(36, Math.round(36 * fontScale))
    readonly property int controlSmall: Math.max(28, Math.round(28 * fontScale))
    readonly property int row: Math.max(36, Math.round(36 * fontScale))
    readonly property int header: Math.max(52, Math.round(52 * fontScale))
    readonly property int sidebarWidth: Math.round(264 * Math.max(1, Math.min(1.4, fontScale)))
    readonly property int columnWidth: Math.round(760 * Math.max(1, Math.min(1.4, fontScale)))
    readonly property int dialogWidth: Math.round(440 * Math.max(1, Math.min(1.4, fontScale)))
    readonly property int menuWidth: Math.round(220 * Math.max(1, Math.min(1.4, fontScale)))
    readonly property int narrowBelow: 760
    readonly property real bubbleShare: 0.85
    readonly property real sourceShare: 0.4 // of the pages' width, beside the sidebar
    readonly property int scrollBar: 8
    readonly property int dot: 8
    readonly property int quoteBar: 3
    readonly property int indent: Math.round(26 * fontScale) // of one list level
    readonly property int cellWidth: Math.round(320 * fontScale) // a table's column at most
    readonly property int composerLines: 8

    // Motion, in milliseconds; none when the system asks for less.
    readonly property int quick: system.reducedMotion ? 0 : 120
    readonly property int gentle: system.reducedMotion ? 0 : 180
    readonly property bool animated: !system.reducedMotion

    // A text block's markup (already safe, see markdown/safe_markup.h) with our colours and line height:
    // the blocks themselves hold none.
    readonly property string richStyle: "<style>a{color:" + accent + ";text-decoration:underline}"
        + "code{font-family:'" + monospace + "';font-size:" + code + "px;background-color:"
        + surfaceRaised + "}p{margin:0;line-height:" + lineHeightPercent + "%}</style>"
    function richText(markup: string): string {
        return richStyle + "<p>" + markup + "</p>";
    }
}
