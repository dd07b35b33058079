// The tokenizers on hand-made vocabularies: against plain reference algorithms, on malformed text,
// and on files that are wrong.
#include "core/llm/tokenizer.h"
#include "core/llm/utf8.h"
#include "tests/support/vocabulary_file.h"

#include <QTest>

#include <algorithm>
#include <map>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

std::shared_ptr<const Tokenizer> tokenizerOf(const VocabularyFile &source,
                                             std::string_view preOverride = {})
{
    // The tokenizer keeps nothing of the file: both are gone before it is used.
    const std::string bytes = source.bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
    if (!file)
        qFatal("%s", file.error().message.c_str());
    const auto created = Tokenizer::create(*file, preOverride);
    if (!created)
        qFatal("%s", created.error().message.c_str());
    return *created;
}

Error errorOf(const VocabularyFile &source, std::string_view preOverride = {})
{
    const std::string bytes = source.bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
    if (!file)
        return file.error();
    const auto created = Tokenizer::create(*file, preOverride);
    return created ? Error{ErrorCode::Internal, "", "no error"} : created.error();
}

std::vector<Token> plain(const Tokenizer &tokenizer, std::string_view text)
{
    return tokenizer.encode(text, AddSpecial::No, ParseSpecial::No);
}

std::string randomText(std::mt19937 &random, std::string_view alphabet, std::size_t longest)
{
    std::string text(random() % (longest + 1), ' ');
    for (char &c : text)
        c = alphabet[random() % alphabet.size()];
    return text;
}

// Random merges over the letters, each of parts that exist before it.
std::vector<std::pair<std::string, std::string>> randomMerges(std::mt19937 &random,
                                                              std::string_view letters)
{
    std::vector<std::string> known;
    for (char letter : letters)
        known.push_back(std::string(1, letter));
    std::vector<std::pair<std::string, std::string>> merges;
    while (merges.size() < 40) {
        const std::string left = known[random() % known.size()];
        const std::string right = known[random() % known.size()];
        const bool fresh = std::find(known.begin(), known.end(), left + right) == known.end();
        if (!fresh || left.size() + right.size() > 9)
            continue;
        merges.emplace_back(left, right);
        known.push_back(left + right);
    }
    // In any order: an early merge may need what only a later one makes.
    std::shuffle(merges.begin(), merges.end(), random);
    return merges;
}

const std::string kMark = "\xE2\x96\x81";

} // namespace

class TestTokenizer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void bpeJoinsAsDefined()
    {
        std::mt19937 random(1);
        for (int round = 0; round < 30; ++round) {
            const auto merges = randomMerges(random, "abc");
            const auto tokenizer = tokenizerOf(bpeFile(merges, {}, "gpt-2"));
            std::map<std::string, Token> ids;
            for (Token id = 0; id < Token(tokenizer->vocabularySize()); ++id)
                ids[tokenizer->bytesOf(id)] = id;
            for (int i = 0; i < 50; ++i) {
                const std::string text = randomText(random, "abc", 60);
                std::vector<std::string> parts;
                for (char c : text)
                    parts.push_back(std::string(1, c));
                const auto joinFirst = [&] {
                    for (const auto &[left, right] : merges) {
                        for (std::size_t k = 0; k + 1 < parts.size(); ++k) {
                            if (parts[k] == left && parts[k + 1] == right) {
                                parts[k] += right;
                                parts.erase(parts.begin() + std::ptrdiff_t(k) + 1);
                                return true;
                            }
                        }
                    }
                    return false;
                };
                while (joinFirst()) { }
                std::vector<Token> expected;
                for (const std::string &part : parts)
                    expected.push_back(ids.at(part));
                QCOMPARE(plain(*tokenizer, text), expected);
            }
        }
    }

    void spmJoinsAsDefined()
    {
        std::mt19937 random(2);
        for (int round = 0; round < 30; ++round) {
            // With tokens that reach over a space in every second round.
            std::vector<HandToken> tokens = {{kMark}, {"a"}, {"b"}, {"é"}};
            const std::vector<std::string> pieces = {"a", "b", "é", kMark};
            for (int i = 0; i < 60; ++i) {
                std::string spelling;
                for (std::size_t n = 2 + random() % 3; n > 0; --n) {
                    const bool mark = (round % 2 == 1 || spelling.empty()) && random() % 4 == 0;
                    spelling += mark ? kMark : pieces[random() % 3];
                }
                tokens.push_back({spelling, kNormal, -float(random() % 20)});
            }
            const auto tokenizer = tokenizerOf(spmFile(tokens));
            std::map<std::string, Token> ids;
            for (Token id = 0; id < Token(tokenizer->vocabularySize()); ++id)
                ids[tokenizer->spelling(id)] = id; // the last one of a spelling counts
            const auto scoreOf = [&](Token id) {
                return id < 259 ? 0.0f : tokens[std::size_t(id) - 259].score;
            };
            for (int i = 0; i < 50; ++i) {
                std::string text;
                std::vector<std::string> parts = {kMark};
                for (std::size_t n = random() % 40; n > 0; --n) {
                    const std::string piece = pieces[random() % pieces.size()];
                    parts.push_back(piece);
                    text += piece == kMark ? " " : piece;
                }
                if (text.empty())
                    continue;
                for (;;) {
                    std::size_t best = parts.size();
                    float bestScore = 0;
                    for (std::size_t k = 0; k + 1 < parts.size(); ++k) {
                        const auto id = ids.find(parts[k] + parts[k + 1]);
                        if (id == ids.end())
                            continue;
                        if (best == parts.size() || scoreOf(id->second) > bestScore) {
                            best = k;
                            bestScore = scoreOf(id->second);
                        }
                    }
                    if (best == parts.size())
                        break;
                    parts[best] += parts[best + 1];
                    parts.erase(parts.begin() + std::ptrdiff_t(best) + 1);
                }
                std::vector<Token> expected;
                for (const std::string &part : parts)
                    expected.push_back(ids.at(part));
                QCOMPARE(plain(*tokenizer, text), expected);
                QCOMPARE(tokenizer->decode(expected), text);
            }
        }
    }

    void spmFallsBackToBytes()
    {
        const auto tokenizer = tokenizerOf(spmFile({{kMark}, {"a"}}));
        QCOMPARE(plain(*tokenizer, "a\n"), (std::vector<Token>{259, 260, 3 + 10}));
        QCOMPARE(plain(*tokenizer, "é"), (std::vector<Token>{259, 3 + 0xC3, 3 + 0xA9}));
        QCOMPARE(tokenizer->decode(plain(*tokenizer, "é\xFF")), std::string("é\xFF"));
    }

    void spmSpacePrefixIsAsTheFileSays()
    {
        const std::vector<HandToken> tokens = {{kMark}, {"a"}, {kMark + "a", kNormal, -1}};
        auto with = spmFile(tokens);
        auto without = spmFile(tokens);
        without.flag("tokenizer.ggml.add_space_prefix", false);
        QCOMPARE(plain(*tokenizerOf(with), "a a"), (std::vector<Token>{261, 261}));
        QCOMPARE(plain(*tokenizerOf(without), "a a"), (std::vector<Token>{260, 261}));
        QCOMPARE(tokenizerOf(with)->decode(std::vector<Token>{1, 261, 261}), std::string("a a"));
        QCOMPARE(tokenizerOf(without)->decode(std::vector<Token>{261, 261}), std::string(" a a"));
        // And again after a special token.
        QCOMPARE(tokenizerOf(with)->encode("<s>a", AddSpecial::No, ParseSpecial::Yes),
                 (std::vector<Token>{1, 261}));
    }

    void addsBeginningAndEndAsTheFileSays()
    {
        const std::vector<HandToken> specials = {{"<|begin|>", kControl}, {"<|stop|>", kControl}};
        const auto file = [&specials](int bos, int eos, std::string_view pre) {
            auto one = bpeFile({}, specials, pre);
            one.number("tokenizer.ggml.bos_token_id", 256)
                .number("tokenizer.ggml.eos_token_id", 257);
            if (bos >= 0)
                one.flag("tokenizer.ggml.add_bos_token", bos == 1);
            if (eos >= 0)
                one.flag("tokenizer.ggml.add_eos_token", eos == 1);
            return tokenizerOf(one);
        };
        const auto ids = [](const std::shared_ptr<const Tokenizer> &tokenizer) {
            return tokenizer->encode("A", AddSpecial::AsModel, ParseSpecial::No);
        };
        QCOMPARE(ids(file(1, 1, "gpt-2")), (std::vector<Token>{256, 65, 257}));
        QCOMPARE(ids(file(0, 0, "llama-bpe")), (std::vector<Token>{65}));
        // Where the file does not say: as the family does it.
        QCOMPARE(ids(file(-1, -1, "llama-bpe")), (std::vector<Token>{256, 65}));
        QCOMPARE(ids(file(-1, -1, "qwen2")), (std::vector<Token>{65}));
        QCOMPARE(file(1, 1, "gpt-2")->encode("A", AddSpecial::No, ParseSpecial::No),
                 (std::vector<Token>{65}));
        QCOMPARE(ids(tokenizerOf(spmFile({{kMark}, {"A"}}))), (std::vector<Token>{1, 259, 260}));
    }

    void longerSpecialTokensWin()
    {
        const auto tokenizer = tokenizerOf(bpeFile({},
                                                   {{"<a>", kControl},
                                                    {"<a><b>", kControl},
                                                    {"b><c", kUserDefined},
                                                    {"<c>", kControl},
                                                    {"<u>", kUnknown},
                                                    {"ab", kUserDefined}}));
        const auto ids = [&tokenizer](std::string_view text, ParseSpecial parse) {
            return tokenizer->encode(text, AddSpecial::No, parse);
        };
        QCOMPARE(ids("<a><b><c>", ParseSpecial::Yes), (std::vector<Token>{257, 259}));
        QCOMPARE(ids("<a>b><c>", ParseSpecial::Yes), (std::vector<Token>{256, 258, '>'}));
        QCOMPARE(ids("<a><a>", ParseSpecial::Yes), (std::vector<Token>{256, 256}));
        QCOMPARE(ids("<u>", ParseSpecial::Yes), (std::vector<Token>{260}));
        // Without: only the user-defined ones.
        QCOMPARE(ids("<a>ab", ParseSpecial::No), (std::vector<Token>{'<', 'a', '>', 261}));
        QCOMPARE(ids("<u>", ParseSpecial::No), (std::vector<Token>{'<', 'u', '>'}));
        QCOMPARE(tokenizer->decode(std::vector<Token>{261, 256, 65}), std::string("abA"));
    }

    void endersAreThoseOfTheMetadataAndTheFamilies()
    {
        auto file = bpeFile({},
                            {{"<|im_end|>", kNormal},
                             {"<|eot_id|>", kControl},
                             {"</s>", kNormal},
                             {"<|mine|>", kControl},
                             {"<|other|>", kControl},
                             {"<|end|>", kUserDefined}});
        file.number("tokenizer.ggml.eos_token_id", 259).number("tokenizer.ggml.eom_token_id", 260);
        const auto tokenizer = tokenizerOf(file);
        QVERIFY(tokenizer->endsGeneration(256));
        QVERIFY(tokenizer->endsGeneration(257));
        QVERIFY(!tokenizer->endsGeneration(258)); // a normal token: HTML has it too
        QVERIFY(tokenizer->endsGeneration(259));
        QVERIFY(tokenizer->endsGeneration(260));
        QVERIFY(tokenizer->endsGeneration(261));
        QVERIFY(!tokenizer->endsGeneration(65));
        QVERIFY(!tokenizer->endsGeneration(-1));
        // Whatever the file calls it, a text cannot make one and an answer does not show it.
        QCOMPARE(plain(*tokenizer, "<|end|>").size(), std::size_t(7));
        QCOMPARE(plain(*tokenizer, "<|im_end|>").size(), std::size_t(10));
        QCOMPARE(tokenizer->bytesOf(256), std::string());
        QCOMPARE(tokenizer->warnings().size(), std::size_t(1));

        // In the harmony format <|end|> only ends a part.
        const auto harmony = tokenizerOf(
            bpeFile({}, {{"<|return|>", kControl}, {"<|call|>", kControl}, {"<|end|>", kControl}}));
        QVERIFY(harmony->endsGeneration(256));
        QVERIFY(!harmony->endsGeneration(258));
    }

    void malformedBytesSurvive()
    {
        std::mt19937 random(3);
        const auto bpe = tokenizerOf(bpeFile(randomMerges(random, "ab "), {}, "llama-bpe"));
        const auto spm = tokenizerOf(spmFile({{kMark}, {"a"}, {"b"}, {"ab", kNormal, -1}}));
        for (int i = 0; i < 2000; ++i) {
            std::string text = randomText(random, "ab \n\xE2\x96\xFF\xF0\x9F\xC3\xA9", 30);
            QCOMPARE(bpe->decode(plain(*bpe, text)), text);
            // U+2581 is how this family writes a space.
            if (text.find(kMark) == std::string::npos)
                QCOMPARE(spm->decode(plain(*spm, text)), text);
        }
    }

    void longRunsAreJoined()
    {
        // Quadratic work on these would take hours, and a run must stay one word.
        const std::size_t size = std::size_t(1) << 20;
        const auto bpe = tokenizerOf(bpeFile({{"a", "a"}, {"aa", "aa"}, {" ", " "}}, {}));
        QCOMPARE(plain(*bpe, std::string(size, 'a')).size(), size / 4);
        QCOMPARE(plain(*bpe, std::string(size, ' ')).size(), size / 2);
        for (const char *other : {"\n", "!", "'", "<", "\x01", "\xFF"})
            QCOMPARE(plain(*bpe, std::string(size, other[0])).size(), size);
        const auto spm = tokenizerOf(
            spmFile({{kMark}, {"a"}, {"aa", kNormal, -1}, {kMark + kMark, kNormal, -2}}));
        QCOMPARE(plain(*spm, std::string(size, 'a')).size(), size / 2 + 1);
        QCOMPARE(plain(*spm, std::string(size - 1, ' ')).size(), size / 2);
    }

    void manySpecialSpellingsInARowAreFound()
    {
        std::vector<HandToken> specials;
        for (int n = 1; n <= 31; ++n)
            specials.push_back({std::string(std::size_t(n), '\n'), kUserDefined});
        const auto tokenizer = tokenizerOf(bpeFile({}, specials));
        const auto ids = plain(*tokenizer, std::string(31 * 10'000 + 5, '\n'));
        QCOMPARE(ids.size(), std::size_t(10'001));
        QCOMPARE(ids.front(), Token(256 + 30));
        QCOMPARE(ids.back(), Token(256 + 4));
    }

    void streamsWhatDecodeGives()
    {
        std::mt19937 random(4);
        const auto bpe = tokenizerOf(bpeFile({{"\xC3", "\xA9"}, {" ", "a"}}, {{"<x>", kControl}}));
        const auto spm = tokenizerOf(spmFile({{kMark}, {"a"}, {kMark + "a", kNormal, -1}, {"é"}}));
        for (const auto &tokenizer : {bpe, spm}) {
            for (int i = 0; i < 3000; ++i) {
                // Bytes of characters whole and broken, in tokens of every kind.
                std::vector<Token> tokens;
                if (i % 2 == 0) {
                    tokens =
                        plain(*tokenizer, "é 🦙 a" + randomText(random, "\xC3\xA9\xF0 a", 9));
                } else {
                    for (std::size_t n = random() % 12; n > 0; --n)
                        tokens.push_back(Token(random() % tokenizer->vocabularySize()));
                }
                StreamDecoder stream(tokenizer);
                std::string text;
                for (Token token : tokens) {
                    const std::string piece = stream.append(token);
                    QVERIFY(isValidUtf8(piece));
                    text += piece;
                }
                text += stream.finish();
                QCOMPARE(text, replaceInvalidUtf8(tokenizer->decode(tokens)));
                QCOMPARE(stream.finish(), std::string());
            }
        }
    }

    void streamHoldsBackAnIncompleteCharacter()
    {
        const auto tokenizer = tokenizerOf(bpeFile({}, {}));
        StreamDecoder stream(tokenizer);
        QCOMPARE(stream.append(0xF0), std::string());
        QCOMPARE(stream.append(0x9F), std::string());
        QCOMPARE(stream.append(0xA6), std::string());
        QCOMPARE(stream.append(0x99), std::string("🦙"));
        QCOMPARE(stream.append(0xC3), std::string());
        QCOMPARE(stream.append('a'),
                 std::string("\xEF\xBF\xBD"
                             "a"));
        QCOMPARE(stream.append(0xE2), std::string());
        QCOMPARE(stream.finish(), std::string("\xEF\xBF\xBD"));
    }

    void streamOfAContinuationKeepsItsFirstSpace()
    {
        const auto tokenizer = tokenizerOf(spmFile({{kMark}, {kMark + "a"}}));
        QCOMPARE(StreamDecoder(tokenizer).append(260), std::string("a"));
        QCOMPARE(StreamDecoder(tokenizer, StreamDecoder::Start::Continuation).append(260),
                 std::string(" a"));
    }

    void unknownIdsStandForNothing()
    {
        const auto tokenizer = tokenizerOf(bpeFile({}, {}));
        for (Token token : {-1, 256, 1 << 30}) {
            QCOMPARE(tokenizer->bytesOf(token), std::string());
            QCOMPARE(tokenizer->spelling(token), std::string());
            QVERIFY(!tokenizer->endsGeneration(token));
        }
        QCOMPARE(tokenizer->decode(std::vector<Token>{65, -5, 99999, 66}), std::string("AB"));
    }

    void unknownPreTokenizers()
    {
        const auto tokenizer = tokenizerOf(bpeFile({}, {}, "brand-new"));
        QCOMPARE(tokenizer->warnings().size(), std::size_t(1));
        QVERIFY(tokenizer->warnings()[0].find("brand-new") != std::string::npos);
        QCOMPARE(plain(*tokenizer, "AB").size(), std::size_t(2));
        const Error error = errorOf(bpeFile({}, {}), "no-such");
        QVERIFY(error.code == ErrorCode::Unsupported);
        QVERIFY(error.message.find("no-such") != std::string::npos);
        QVERIFY(tokenizerOf(bpeFile({}, {}, "brand-new"), "qwen2")->warnings().empty());
    }

    void otherTokenizersAreRefusedByName()
    {
        for (const char *name : {"rwkv", "plamo2"}) {
            const Error error = errorOf(VocabularyFile().text("tokenizer.ggml.model", name));
            QVERIFY(error.code == ErrorCode::Unsupported);
            QVERIFY2(error.message.find(name) != std::string::npos, error.message.c_str());
        }
        const Error none = errorOf(VocabularyFile().text("tokenizer.ggml.model", "no_vocab"));
        QVERIFY(none.code == ErrorCode::Unsupported);
        QVERIFY(none.message.find("no_vocab") != std::string::npos);
        QVERIFY(errorOf(VocabularyFile().text("a", "b")).code == ErrorCode::Unsupported);
    }

    void wrongFilesAreRefused()
    {
        const auto bpe = [] {
            VocabularyFile file;
            file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
            return file;
        };
        const auto spm = [] {
            VocabularyFile file;
            file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", {"a", "b"});
            return file;
        };
        const auto refused = [](const VocabularyFile &file) {
            const Error error = errorOf(file);
            return error.code == ErrorCode::InvalidFile && !error.message.empty();
        };
        const std::vector<std::string> ab = {"a", "b"};
        QVERIFY(refused(bpe()));
        QVERIFY(refused(bpe().texts("tokenizer.ggml.tokens", {})));
        QVERIFY(refused(bpe().numbers("tokenizer.ggml.tokens", {1, 2})));
        QVERIFY(refused(bpe().text("tokenizer.ggml.tokens", "ab")));
        QVERIFY(refused(bpe().texts("tokenizer.ggml.tokens", ab))); // no merges
        for (const char *merge : {"", " ", "a", "a ", " a", "ab"})
            QVERIFY2(refused(bpe()
                                 .texts("tokenizer.ggml.tokens", ab)
                                 .texts("tokenizer.ggml.merges", {merge})),
                     merge);
        QVERIFY(refused(bpe()
                            .texts("tokenizer.ggml.tokens", ab)
                            .texts("tokenizer.ggml.merges", {})
                            .numbers("tokenizer.ggml.token_type", {1})));
        QVERIFY(refused(bpe()
                            .texts("tokenizer.ggml.tokens", ab)
                            .texts("tokenizer.ggml.merges", {})
                            .texts("tokenizer.ggml.token_type", ab)));
        QVERIFY(refused(bpe()
                            .texts("tokenizer.ggml.tokens", {std::string(5000, 'a')})
                            .texts("tokenizer.ggml.merges", {})));
        QVERIFY(refused(spm()));
        QVERIFY(refused(spm().floats("tokenizer.ggml.scores", {1, 2, 3})));
        QVERIFY(refused(spm().texts("tokenizer.ggml.scores", ab)));
    }

    void idsOutOfTheVocabularyAreIgnored()
    {
        auto file = bpeFile({}, {});
        file.number("tokenizer.ggml.bos_token_id", 256)
            .number("tokenizer.ggml.eos_token_id", 0xFFFFFFFFu) // "none"
            .number("tokenizer.ggml.eot_token_id", 1u << 31)
            .flag("tokenizer.ggml.add_bos_token", true)
            .flag("tokenizer.ggml.add_eos_token", true);
        const auto tokenizer = tokenizerOf(file);
        QVERIFY(!tokenizer->bos());
        QVERIFY(!tokenizer->eos());
        QCOMPARE(tokenizer->warnings().size(), std::size_t(2));
        QCOMPARE(tokenizer->encode("A", AddSpecial::AsModel, ParseSpecial::Yes),
                 (std::vector<Token>{65}));
    }

    void joiningNeverMakesAControlToken()
    {
        const auto bpe = tokenizerOf(bpeFile({{"i", "n"}, {"x", "y"}},
                                             {{"in", kControl}, {"x", kUnknown}, {"q", kControl}}));
        QCOMPARE(plain(*bpe, "in"), (std::vector<Token>{256}));
        QCOMPARE(plain(*bpe, "xyx"), (std::vector<Token>{257, 'x'}));
        QCOMPARE(plain(*bpe, "q"), (std::vector<Token>{'q'}));
        const auto spm =
            tokenizerOf(spmFile({{"\xE2\x96\x81"}, {"<"}, {"s"}, {">"}, {"<s", kNormal, -1}}));
        QCOMPARE(plain(*spm, "<s>"), (std::vector<Token>{259, 263, 262}));
        QCOMPARE(plain(*spm, "<0x0A>").size(), std::size_t(7));
    }

    void aTextCannotMakeAControlTokenOutOfMissingBytes()
    {
        // A vocabulary without most bytes, whose "unknown" token is a control token.
        VocabularyFile file;
        file.text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", "gpt-2")
            .texts("tokenizer.ggml.tokens", {"a", "<|endoftext|>"})
            .numbers("tokenizer.ggml.token_type", {kNormal, kControl})
            .texts("tokenizer.ggml.merges", {})
            .number("tokenizer.ggml.unknown_token_id", 1);
        QCOMPARE(plain(*tokenizerOf(file), "aba"), (std::vector<Token>{0, 0}));
    }
};

QTEST_APPLESS_MAIN(TestTokenizer)
#include "tst_tokenizer.moc"
