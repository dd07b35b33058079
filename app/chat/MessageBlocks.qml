// The blocks of one message, each by a delegate of its kind.
pragma ComponentBehavior: Bound

import QtQuick
import Qt.labs.qmlmodels

Column {
    id: column

    property alias blocks: repeater.model
    property bool reachable: true // what can be pressed, by Tab
    property var citations: [] // of the message

    signal linkWanted(string target)

    Repeater {
        id: repeater

        delegate: DelegateChooser {
            role: "kind"

            DelegateChoice {
                roleValue: "paragraph"
                TextBlock {
                    citations: column.citations
                    onLinkWanted: target => column.linkWanted(target)
                }
            }
            DelegateChoice {
                roleValue: "heading"
                TextBlock {
                    citations: column.citations
                    heading: true
                    onLinkWanted: target => column.linkWanted(target)
                }
            }
            DelegateChoice {
                roleValue: "code"
                CodeBlock {
                    reachable: column.reachable
                }
            }
            DelegateChoice {
                roleValue: "table"
                TableBlock {
                    citations: column.citations
                    onLinkWanted: target => column.linkWanted(target)
                }
            }
            DelegateChoice {
                roleValue: "rule"
                RuleBlock {}
            }
        }
    }
}
