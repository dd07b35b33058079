<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<!-- The plural forms of English; every other text is English in the sources already. -->
<TS version="2.1" language="en_GB" sourcelanguage="en_GB">
<context>
    <name>alcove::chatui::MessageListModel</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n token</numerusform>
            <numerusform>%n tokens</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The %n oldest message(s) no longer fit and were not read for this answer.</source>
        <translation>
            <numerusform>The oldest message no longer fits and was not read for this answer.</numerusform>
            <numerusform>The %n oldest messages no longer fit and were not read for this answer.</numerusform>
        </translation>
    </message>
</context>
</TS>
