// Unigram segmentation against every way to cut a text, and against answers worked out by hand.
#include "core/llm/tokenizer.h"
#include "tests/support/vocabulary_file.h"

#include <QTest>

#include <limits>
#include <map>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

const std::string kMark = "\u2581";

using Pieces = std::vector<std::pair<std::string, float>>; // ids from 3 on

std::vector<Token> tokensOf(const Pieces &pieces, const std::string &text)
{
    std::vector<std::string> spellings = {"<pad>", "</s>", "<unk>"};
    std::vector<std::int32_t> kinds = {kControl, kControl, kUnknown};
    std::vector<float> scores = {0, 0, 0};
    for (const auto &[spelling, score] : pieces) {
        spellings.push_back(spelling);
        kinds.push_back(kNormal);
        scores.push_back(score);
    }
    const std::string bytes = VocabularyFile()
                                  .text("general.architecture", "t5")
                                  .text("tokenizer.ggml.model", "t5")
                                  .texts("tokenizer.ggml.tokens", spellings)
                                  .numbers("tokenizer.ggml.token_type", kinds)
                                  .floats("tokenizer.ggml.scores", scores)
                                  .number("tokenizer.ggml.unknown_token_id", 2)
                                  .bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
    const auto tokenizer = Tokenizer::create(*file);
    if (!tokenizer)
        qFatal("%s", tokenizer.error().message.c_str());
    return (*tokenizer)->encode(text, AddSpecial::No, ParseSpecial::No);
}

// Of all ways to cut `text`, which has characters of one byte, the one of the largest sum: each bit
// says whether there is a cut. Empty where pieces do not cover it.
std::vector<Token> bestOfAll(const Pieces &pieces, const std::string &text)
{
    std::map<std::string, Token> ids;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        ids[pieces[i].first] = Token(3 + i);
    std::vector<std::string> characters = {kMark};
    for (const char c : text)
        characters.push_back(c == ' ' ? kMark : std::string(1, c));
    std::vector<Token> best;
    double most = -std::numeric_limits<double>::infinity();
    for (std::uint32_t cuts = 0; cuts < 1u << (characters.size() - 1); ++cuts) {
        std::vector<Token> way;
        double sum = 0;
        std::string piece;
        bool covered = true;
        for (std::size_t i = 0; i < characters.size() && covered; ++i) {
            piece += characters[i];
            if (i + 1 < characters.size() && (cuts >> i & 1) == 0)
                continue;
            const auto known = ids.find(piece);
            covered = known != ids.end();
            if (covered) {
                way.push_back(known->second);
                sum += double(pieces[std::size_t(known->second) - 3].second);
            }
            piece.clear();
        }
        if (covered && sum > most) {
            most = sum;
            best = way;
        }
    }
    return best;
}

} // namespace

class TestUnigram : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void knownAnswers()
    {
        const Pieces pieces = {{kMark, -3},  {"a", -2},           {"b", -2},  {"c", -4},
                               {"ab", -3.5}, {kMark + "a", -2.5}, {"bc", -1}, {kMark + "ab", -5.5}};
        // _a bc -3.5; _ab c -9.5, which takes the longest first, and _ a b c -11 are worse.
        QCOMPARE(tokensOf(pieces, "abc"), (std::vector<Token>{8, 9}));
        // _a b -4.5; _ab -5.5, although one token; _ ab -6.5.
        QCOMPARE(tokensOf(pieces, "ab"), (std::vector<Token>{8, 5}));
        // _ bc -4; _ b c -9.
        QCOMPARE(tokensOf(pieces, "bc"), (std::vector<Token>{3, 9}));
        // Two words: _a bc | _ c.
        QCOMPARE(tokensOf(pieces, "abc c"), (std::vector<Token>{8, 9, 3, 6}));
    }

    void theBestOfAllWays()
    {
        std::mt19937 random(9);
        int ambiguous = 0;
        for (int round = 0; round < 40; ++round) {
            Pieces pieces;
            std::map<std::string, bool> seen;
            const char *const letters[] = {"a", "b", "c", kMark.c_str()};
            const auto add = [&](const std::string &spelling) {
                // The small part keeps sums apart: no two ways are equally good.
                const float small = float(1u << (pieces.size() % 12)) / 65536;
                if (!seen.insert({spelling, true}).second || pieces.size() > 24)
                    return;
                pieces.emplace_back(spelling, -1 - float(random() % 48) / 8 - small);
            };
            for (const char *letter : letters)
                add(letter);
            for (int i = 0; i < 30; ++i) {
                std::string spelling = random() % 3 == 0 ? kMark : "";
                for (std::size_t n = 2 + random() % 3; n > 0; --n)
                    spelling += letters[random() % 3];
                add(spelling);
            }
            for (int i = 0; i < 20; ++i) {
                std::string text;
                for (std::size_t n = 1 + random() % 9; n > 0; --n)
                    text += "abc "[random() % 4];
                const std::vector<Token> expected = bestOfAll(pieces, text);
                QCOMPARE(tokensOf(pieces, text), expected);
                ambiguous += expected.size() < text.size() ? 1 : 0;
            }
        }
        QVERIFY(ambiguous > 100); // or there was little to choose from
    }
};

QTEST_APPLESS_MAIN(TestUnigram)
#include "tst_unigram.moc"
