import QtQuick
import QtQuick.Controls.Basic
import QtTest
import Alcove.Controls
import Alcove.Theme

Item {
    id: scene

    width: 640
    height: 480

    Component { id: pushButton; PushButton { text: "Save"; keys: "Ctrl+S" } }
    Component { id: iconButton; IconButton { iconName: "copy"; text: "Copy" } }
    Component { id: toggle; ToggleSwitch { text: "Enter sends" } }
    Component { id: slider; ValueSlider { label: "Text size"; from: 0; to: 10; stepSize: 1 } }
    Component {
        id: choice
        ChoiceBox { label: "Theme"; model: ["Light", "Dark", "System"] }
    }
    Component {
        id: pairs
        ChoiceBox {
            label: "Theme"
            textRole: "text"
            valueRole: "value"
            model: [{ value: "l", text: "Light" }, { value: "d", text: "Dark" }]
        }
    }
    Component {
        id: field
        LineField { label: "Search"; iconName: "search"; clearable: true; placeholderText: "Search chats" }
    }
    Component { id: snackbar; Snackbar {} }
    Component { id: notice; Notice { width: 600; text: "Something happened." } }
    SignalSpy { id: spy }

    // Makes one control; the test that asks for it ends its life.
    function make(test: TestCase, component: Component, properties: var): Item {
        return test.createTemporaryObject(component, scene, properties ?? {});
    }

    TestCase {
        id: buttons
        name: "Buttons"
        when: windowShown

        function test_pressed_data() {
            return [
                { tag: "push", component: pushButton },
                { tag: "icon", component: iconButton },
            ];
        }
        function test_pressed(data) {
            const button = scene.make(buttons, data.component);
            spy.clear();
            spy.signalName = "";
            spy.target = button;
            spy.signalName = "clicked";
            button.forceActiveFocus(Qt.TabFocusReason);
            tryVerify(() => button.visualFocus);
            for (const key of [Qt.Key_Space, Qt.Key_Return, Qt.Key_Enter])
                keyClick(key);
            compare(spy.count, 3);
            mouseClick(button);
            compare(spy.count, 4);
            button.enabled = false;
            mouseClick(button);
            compare(spy.count, 4);
        }
        function test_names() {
            compare(scene.make(buttons, pushButton).Accessible.name, "Save");
            compare(scene.make(buttons, iconButton).Accessible.name, "Copy");
        }
        function test_wordsHaveRoom() {
            const button = scene.make(buttons, pushButton,
                                      { text: "Ein deutlich längerer Text als im Englischen" });
            verify(button.implicitWidth >= button.contentItem.implicitWidth);
            compare(button.contentItem.truncated ?? false, false);
        }
    }

    TestCase {
        id: choices
        name: "Choices"
        when: windowShown

        function test_switch() {
            const control = scene.make(choices, toggle);
            compare(control.checked, false);
            mouseClick(control);
            compare(control.checked, true);
            control.forceActiveFocus(Qt.TabFocusReason);
            keyClick(Qt.Key_Space);
            compare(control.checked, false);
            keyClick(Qt.Key_Return);
            compare(control.checked, true);
            compare(control.Accessible.name, "Enter sends");
        }
        function test_slider() {
            const control = scene.make(choices, slider, { value: 4 });
            control.forceActiveFocus(Qt.TabFocusReason);
            keyClick(Qt.Key_Right);
            compare(control.value, 5);
            keyClick(Qt.Key_Left);
            keyClick(Qt.Key_Left);
            compare(control.value, 3);
            mousePress(control, control.width - 1, control.height / 2);
            mouseRelease(control, control.width - 1, control.height / 2);
            compare(control.value, 10);
            compare(control.Accessible.name, "Text size");
        }
        function test_choiceByKey() {
            const control = scene.make(choices, choice);
            compare(control.displayText, "Light");
            control.forceActiveFocus(Qt.TabFocusReason);
            keyClick(Qt.Key_Return);
            tryCompare(control.popup, "opened", true);
            keyClick(Qt.Key_Down);
            keyClick(Qt.Key_Return);
            tryCompare(control.popup, "opened", false);
            compare(control.displayText, "Dark");
            compare(control.Accessible.name, "Theme");
            compare(control.Accessible.description, "Dark");
        }
        function test_choiceByMouse() {
            const control = scene.make(choices, choice);
            mouseClick(control);
            tryCompare(control.popup, "opened", true);
            const rows = control.popup.contentItem;
            tryVerify(() => rows.itemAtIndex(2) !== null);
            mouseClick(rows.itemAtIndex(2));
            tryCompare(control, "displayText", "System");
        }
        function test_choiceOfPairs() {
            const control = scene.make(choices, pairs);
            mouseClick(control);
            tryCompare(control.popup, "opened", true);
            const rows = control.popup.contentItem;
            tryVerify(() => rows.itemAtIndex(1) !== null);
            compare(rows.itemAtIndex(0).text, "Light");
            compare(rows.itemAtIndex(1).text, "Dark");
            mouseClick(rows.itemAtIndex(1));
            tryCompare(control, "displayText", "Dark");
            compare(control.currentValue, "d");
        }
    }

    TestCase {
        id: fields
        name: "Fields"
        when: windowShown

        function test_typeAndClear() {
            const control = scene.make(fields, field, { width: 300 });
            control.forceActiveFocus();
            for (const letter of "abc")
                keyClick(letter);
            compare(control.text, "abc");
            const before = control.rightPadding;
            keyClick(Qt.Key_Escape);
            compare(control.text, "");
            verify(control.rightPadding < before); // the button to clear with has gone
        }
        function test_mirrored() {
            const control = scene.make(fields, field, { width: 300, text: "abc" });
            const left = control.leftPadding;
            const right = control.rightPadding;
            control.LayoutMirroring.enabled = true;
            compare(control.leftPadding, right);
            compare(control.rightPadding, left);
        }
    }

    TestCase {
        id: messages
        name: "Messages"
        when: windowShown

        function findButton(item, text) {
            if (item.text === text && item.clicked !== undefined && item.visible)
                return item;
            for (let i = 0; i < item.children.length; ++i) {
                const found = findButton(item.children[i], text);
                if (found)
                    return found;
            }
            return null;
        }
        function test_snackbarActs() {
            const bar = scene.make(messages, snackbar);
            compare(bar.visible, false);
            bar.show("The chat was deleted.", "Undo");
            tryCompare(bar, "visible", true);
            bar.width = bar.implicitWidth;
            bar.height = bar.implicitHeight;
            compare(bar.Accessible.name, "The chat was deleted.");
            spy.clear();
            spy.signalName = "";
            spy.target = bar;
            spy.signalName = "acted";
            const undo = findButton(bar, "Undo");
            verify(undo);
            mouseClick(undo);
            compare(spy.count, 1);
            tryCompare(bar, "visible", false);
        }
        function test_snackbarDismissed() {
            const bar = scene.make(messages, snackbar);
            bar.show("The chat was deleted.", "Undo");
            tryCompare(bar, "visible", true);
            bar.width = bar.implicitWidth;
            bar.height = bar.implicitHeight;
            spy.clear();
            spy.signalName = "";
            spy.target = bar;
            spy.signalName = "acted";
            mouseClick(findButton(bar, "Dismiss"));
            tryCompare(bar, "visible", false);
            compare(spy.count, 0);
        }
        function test_noticeFolds() {
            const line = scene.make(messages, notice,
                                    { details: "vkCreateDevice: -3", actionText: "Try again", dismissible: true });
            line.height = Qt.binding(() => line.implicitHeight);
            const folded = line.implicitHeight;
            mouseClick(findButton(line, "Show details"));
            tryVerify(() => line.implicitHeight > folded);
            mouseClick(findButton(line, "Hide details"));
            tryCompare(line, "implicitHeight", folded);
            spy.clear();
            spy.signalName = "";
            spy.target = line;
            spy.signalName = "acted";
            mouseClick(findButton(line, "Try again"));
            compare(spy.count, 1);
        }
        function test_noticeStacksWhenNarrow() {
            const line = scene.make(messages, notice,
                                    { text: "A longer sentence about a state of things that wraps.", actionText: "Do it" });
            const wide = line.implicitHeight;
            line.width = 260;
            tryVerify(() => line.implicitHeight > wide);
        }
    }
}
