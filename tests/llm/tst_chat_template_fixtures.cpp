// Every published template against every case, as Jinja2 renders it.
#include "core/llm/chat_template.h"
#include "core/llm/template_case.h"
#include "tests/support/fixtures.h"

#include <QTest>

using namespace alcove;
using llm::Json;

class TestChatTemplateFixtures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const std::string path = test::fixture("templates.json");
        if (path.empty())
            QSKIP("the shared fixtures, with the published templates, are not here");
        m_all = Json::parse(test::readFile(path));
        QVERIFY(m_all.at("rows").size() >= 300);
    }

    void rendersAsJinja_data()
    {
        QTest::addColumn<int>("row");
        int index = 0;
        for (const Json &row : m_all.at("rows")) {
            const std::string name =
                row.at("template").get<std::string>() + " " + row.at("case").get<std::string>();
            QTest::newRow(name.c_str()) << index++;
        }
    }

    void rendersAsJinja()
    {
        QFETCH(int, row);
        const Json &expected = m_all.at("rows").at(static_cast<std::size_t>(row));
        const std::string path =
            test::fixture("templates/" + expected.at("template").get<std::string>());
        QVERIFY(!path.empty());
        Json variables = m_all.at("cases").at(expected.at("case").get<std::string>());
        for (const char *name : {"now", "bos_token", "eos_token"})
            variables[name] = m_all.at(name);

        const auto text = llm::renderCase(test::readFile(path), variables);
        if (const auto error = expected.find("error"); error != expected.end()) {
            QVERIFY(!text);
            QCOMPARE(text.error().code, ErrorCode::TemplateFailed);
            // Python's own type errors are worded by Python; those of templates are told as they
            // are.
            const auto reason = error->get<std::string>();
            const auto &message = text.error().message;
            if (reason != "TypeError")
                QVERIFY2(message.find(reason) != std::string::npos, message.c_str());
            return;
        }
        QVERIFY2(text, text ? "" : text.error().message.c_str());
        QCOMPARE(QString::fromStdString(*text),
                 QString::fromStdString(expected.at("expected").get<std::string>()));
    }

private:
    Json m_all;
};

QTEST_APPLESS_MAIN(TestChatTemplateFixtures)
#include "tst_chat_template_fixtures.moc"
