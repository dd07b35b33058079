<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<!-- The plural forms of English; every other text is English in the sources already. -->
<TS version="2.1" language="en_GB" sourcelanguage="en_GB">
<context>
    <name>Composer</name>
    <message numerus="yes">
        <source>%n document(s)</source>
        <translation>
            <numerusform>%n document</numerusform>
            <numerusform>%n documents</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>alcove::chatui::ChatDocuments</name>
    <message numerus="yes">
        <source>%n file(s)</source>
        <translation>
            <numerusform>%n file</numerusform>
            <numerusform>%n files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n collection(s)</source>
        <translation>
            <numerusform>%n collection</numerusform>
            <numerusform>%n collections</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) are still being read; questions are asked of the rest.</source>
        <translation>
            <numerusform>%n document is still being read; questions are asked of the rest.</numerusform>
            <numerusform>%n documents are still being read; questions are asked of the rest.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Ask about %n document(s)</source>
        <translation>
            <numerusform>Ask about %n document</numerusform>
            <numerusform>Ask about %n documents</numerusform>
        </translation>
    </message>
</context>
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
    <message numerus="yes">
        <source>%n passage(s) of your documents were read; none of them supports this answer.</source>
        <translation>
            <numerusform>%n passage of your documents was read; it does not support this answer.</numerusform>
            <numerusform>%n passages of your documents were read; none of them supports this answer.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n passage(s) of your documents were read for this answer.</source>
        <translation>
            <numerusform>%n passage of your documents was read for this answer.</numerusform>
            <numerusform>%n passages of your documents were read for this answer.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>alcove::documentsui::DocumentListModel</name>
    <message numerus="yes">
        <source>%n page(s)</source>
        <translation>
            <numerusform>%n page</numerusform>
            <numerusform>%n pages</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n slide(s)</source>
        <translation>
            <numerusform>%n slide</numerusform>
            <numerusform>%n slides</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n sheet(s)</source>
        <translation>
            <numerusform>%n sheet</numerusform>
            <numerusform>%n sheets</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n passage(s)</source>
        <translation>
            <numerusform>%n passage</numerusform>
            <numerusform>%n passages</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>alcove::documentsui::DocumentsViewModel</name>
    <message numerus="yes">
        <source>, about %n minute(s) left</source>
        <translation>
            <numerusform>, about %n minute left</numerusform>
            <numerusform>, about %n minutes left</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Add %n document(s) to %1</source>
        <translation>
            <numerusform>Add %n document to %1</numerusform>
            <numerusform>Add %n documents to %1</numerusform>
        </translation>
    </message>
</context>
</TS>
