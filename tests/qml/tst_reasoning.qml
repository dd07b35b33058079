// What a model thought before its answer, folded in and out.
import QtQuick
import QtTest
import Alcove.Chat

Item {
    id: root
    width: 400
    height: 400

    ReasoningBlock {
        id: block
        width: root.width
        reasoning: "Let me see.\nIt must be so."
        label: "Thought for 12 s"
        newest: ""
        thinking: false
        open: false
        onToggled: wanted => open = wanted
    }

    TestCase {
        name: "Reasoning"
        when: windowShown

        function init() {
            block.thinking = false;
            block.open = false;
            block.newest = "";
            block.width = root.width;
        }

        function test_aClickFoldsItOutAndIn() {
            waitForRendering(block);
            const folded = block.implicitHeight;
            mouseClick(block, 20, 10);
            compare(block.open, true);
            tryVerify(() => block.implicitHeight > folded + 20);
            mouseClick(block, 20, 10);
            compare(block.open, false);
            tryCompare(block, "implicitHeight", folded);
        }

        function test_itIsAsHighWhateverIsThought() {
            block.thinking = true;
            block.newest = "Short";
            waitForRendering(block);
            const height = block.implicitHeight;
            for (const words of ["", "A long thought that needs more than a line. ".repeat(20), "数据库"]) {
                block.newest = words;
                wait(0);
                compare(block.implicitHeight, height);
            }
        }

        // The words come after the first of the reasoning has made the line.
        function test_itIsAsWideAsItsWords() {
            const words = block.label;
            const thoughts = block.reasoning;
            block.reasoning = "";
            block.label = "";
            verify(!block.visible);
            block.reasoning = thoughts;
            block.thinking = true;
            waitForRendering(block);
            const header = findHeader(block);
            const empty = header.width;
            block.label = words;
            tryVerify(() => header.width > empty + 60);
            block.thinking = false;
            tryVerify(() => header.width > 80 && header.width < block.width);
        }

        function test_itSaysWhetherItIsOpen() {
            const header = findHeader(block);
            verify(header);
            compare(header.Accessible.name, "Thought for 12 s");
            const folded = header.Accessible.description;
            block.open = true;
            verify(header.Accessible.description !== folded);
        }

        function test_itFitsANarrowPlace() {
            block.open = true;
            block.width = 120;
            waitForRendering(block);
            const header = findHeader(block);
            verify(header.width <= block.width + header.leftPadding + header.rightPadding);
        }

        function findHeader(item) {
            if (item.text === block.label && item.clicked)
                return item;
            for (let i = 0; i < item.children.length; ++i) {
                const found = findHeader(item.children[i]);
                if (found)
                    return found;
            }
            return null;
        }
    }
}
