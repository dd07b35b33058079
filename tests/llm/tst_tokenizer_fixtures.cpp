// Token ids against those of an independent implementation: every group of tokenizers.json, and the
// shipped starter model against its own training scripts.
#include "core/llm/tokenizer.h"
#include "core/llm/utf8.h"
#include "tests/support/fixtures.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace alcove;
using namespace alcove::llm;

namespace {

constexpr Token kBertUnknown = 100;

QString show(const std::vector<Token> &ids)
{
    QStringList parts;
    for (Token id : ids)
        parts << QString::number(id);
    return parts.join(QLatin1Char(' '));
}

} // namespace

class TestTokenizerFixtures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void idsAreExact_data()
    {
        QTest::addColumn<int>("group");
        const std::string path = test::fixture("tokenizers.json");
        if (path.empty()) {
            QTest::newRow("none") << -1;
            return;
        }
        m_groups = nlohmann::json::parse(test::readFile(path)).at("groups");
        for (std::size_t i = 0; i < m_groups.size(); ++i) {
            const auto &group = m_groups[i];
            const std::string name = group.at("vocab").get<std::string>() + " pre "
                + (group.at("pre").is_null() ? "of the file" : group.at("pre").get<std::string>())
                + (group.at("parse_special").get<bool>() ? " with special tokens" : "");
            QTest::newRow(name.c_str()) << int(i);
        }
    }

    void idsAreExact()
    {
        if (m_groups.empty())
            QSKIP("shared/fixtures/tokenizers.json is not beside this checkout");
        QFETCH(int, group);
        const auto &one = m_groups.at(std::size_t(group));
        const std::string path = test::fixture(one.at("vocab").get<std::string>());
        QVERIFY2(!path.empty(), "the group's vocabulary is missing");
        const auto file = GgufFile::open(path);
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        const std::string pre = one.at("pre").is_null() ? "" : one.at("pre").get<std::string>();
        const auto created = Tokenizer::create(*file, pre);
        QVERIFY2(created, created ? "" : created.error().message.c_str());
        const Tokenizer &tokenizer = **created;
        QCOMPARE(tokenizer.warnings().size(), std::size_t(0));
        const auto parse =
            one.at("parse_special").get<bool>() ? ParseSpecial::Yes : ParseSpecial::No;
        const auto add = one.at("add_special").get<bool>() ? AddSpecial::AsModel : AddSpecial::No;
        QVERIFY(!one.at("rows").empty());
        for (const auto &row : one.at("rows")) {
            const auto text = row.at("text").get<std::string>();
            const auto expected = row.at("ids").get<std::vector<Token>>();
            const auto ids = tokenizer.encode(text, add, parse);
            if (ids != expected)
                QFAIL(
                    qPrintable(QStringLiteral("\"%1\": %2, expected %3")
                                   .arg(QString::fromStdString(text), show(ids), show(expected))));
            if (parse == ParseSpecial::Yes)
                continue;
            const std::string decoded = tokenizer.decode(ids);
            if (file->string("tokenizer.ggml.model") != "bert") {
                QCOMPARE(QString::fromStdString(decoded), QString::fromStdString(text));
            } else if (std::find(ids.begin(), ids.end(), kBertUnknown) == ids.end()) {
                // Cleaning is not undone, but what is left means the same.
                QCOMPARE(show(tokenizer.encode(decoded, add, parse)), show(ids));
            }
        }
    }

    void coversTheGroupsInScope()
    {
        if (m_groups.empty())
            QSKIP("shared/fixtures/tokenizers.json is not beside this checkout");
        std::set<std::string> pres;
        for (const auto &group : m_groups) {
            if (!group.at("pre").is_null())
                pres.insert(group.at("pre").get<std::string>());
        }
        for (const char *needed : {"gpt-2", "llama-bpe", "qwen2"})
            QVERIFY2(pres.count(needed), needed);
        bool wordPiece = false;
        for (const auto &group : m_groups)
            wordPiece = wordPiece || group.at("vocab") == "tokenizers/bert-bge.gguf";
        QVERIFY(wordPiece);
    }

    void encodersAddTheirEnds()
    {
        const std::string path = test::fixture("tokenizers/bert-bge.gguf");
        if (path.empty())
            QSKIP("shared/fixtures/tokenizers is not beside this checkout");
        const auto file = GgufFile::open(path);
        QVERIFY(file);
        const auto tokenizer = Tokenizer::create(*file);
        QVERIFY(tokenizer);
        QCOMPARE(show((*tokenizer)->encode("Hello World", AddSpecial::AsModel, ParseSpecial::No)),
                 show({101, 7592, 2088, 102}));
        QCOMPARE(show((*tokenizer)->encode("[CLS]a[MASK]", AddSpecial::No, ParseSpecial::Yes)),
                 show({101, 1037, 103}));
        QCOMPARE((*tokenizer)->decode(std::vector<Token>{101, 7592, 2088, 102}),
                 std::string("hello world"));
    }

    void starterIdsAreThoseOfItsScripts_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QList<int>>("ids");
        const auto row = [](const char *text, QList<int> ids) {
            QTest::newRow(qPrintable(QString::fromUtf8(text).simplified()))
                << QString::fromUtf8(text) << std::move(ids);
        };
        // Written once by resources/starter/tokenizer.py.
        row("How do I add documents?", {522, 304, 301, 620, 402, 63});
        row("  two  spaces, 3 digits: 407\n\n\tand a tab",
            {32, 1075, 111, 32, 1253, 324, 292, 44,  395, 286, 396, 1082,
             58, 429,  48,  55, 10,   10,  9,   625, 282, 259, 528});
        row("I'll say it's fine, don't",
            {73, 39, 448, 484, 353, 39, 115, 1296, 44, 286, 294, 39, 116});
        row("Grüße aus Köln – 東京 🦙",
            {71,  114, 195, 188, 195, 159, 101, 282, 265, 400, 195, 182, 108, 110, 902,
             128, 147, 32,  230, 157, 177, 228, 186, 172, 32,  240, 159, 166, 153});
        row("<|im_end|> is plain here", {60, 124, 488, 95, 530, 124, 62, 264, 455, 420, 985});
        row("x_y (a+b)*c != 1.5e3;\r\n", {120, 95, 121, 405, 97, 43,  98, 41, 42, 99, 32,
                                          33,  61, 320, 46,  53, 101, 51, 59, 13, 10});
    }

    void starterIdsAreThoseOfItsScripts()
    {
        QFETCH(QString, text);
        QFETCH(QList<int>, ids);
        const auto tokenizer = starter();
        QVERIFY(tokenizer);
        const std::vector<Token> expected(ids.begin(), ids.end());
        QCOMPARE(show(tokenizer->encode(text.toStdString(), AddSpecial::AsModel, ParseSpecial::No)),
                 show(expected));
        QCOMPARE(QString::fromStdString(tokenizer->decode(expected)), text);
    }

    void starterKnowsItsSpecialTokens()
    {
        const auto tokenizer = starter();
        QVERIFY(tokenizer);
        QCOMPARE(tokenizer->vocabularySize(), 3072u);
        QVERIFY(tokenizer->bos() == Token(3069));
        QVERIFY(tokenizer->eos() == Token(3071));
        QVERIFY(!tokenizer->addsBos());
        QVERIFY(!tokenizer->addsEos());
        QVERIFY(tokenizer->endsGeneration(3071)); // <|im_end|>
        QVERIFY(tokenizer->endsGeneration(3069)); // <|endoftext|>
        QVERIFY(!tokenizer->endsGeneration(3070));
        QVERIFY(!tokenizer->endsGeneration(10));
        QCOMPARE(tokenizer->spelling(3070), std::string("<|im_start|>"));
        QCOMPARE(show(tokenizer->encode("<|im_start|>user\n<|im_end|>", AddSpecial::AsModel,
                                        ParseSpecial::Yes)),
                 show({3070, 281, 10, 3071}));
        QCOMPARE(tokenizer->bytesOf(3071), std::string());
        QCOMPARE(tokenizer->bytesOf(3071, Tokenizer::ShowSpecial::Yes), std::string("<|im_end|>"));
        QVERIFY(tokenizer->warnings().empty());
    }

private:
    static std::shared_ptr<const Tokenizer> starter()
    {
        const auto file = GgufFile::open(ALCOVE_SOURCE_DIR "/resources/models/starter-q8_0.gguf");
        if (!file)
            return nullptr;
        const auto tokenizer = Tokenizer::create(*file);
        return tokenizer ? *tokenizer : nullptr;
    }

    nlohmann::json m_groups;
};

QTEST_APPLESS_MAIN(TestTokenizerFixtures)
#include "tst_tokenizer_fixtures.moc"
