// The tokenizers beside byte-level and SentencePiece BPE, on hand-made vocabularies: WordPiece,
// Unigram, BPE over characters, and the ends that encoders add.
#include "core/llm/charsmap.h"
#include "core/llm/inspect.h"
#include "core/llm/tokenizer.h"
#include "core/llm/utf8.h"
#include "tests/support/vocabulary_file.h"

#include <QTest>

#include <limits>
#include <map>
#include <random>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

const std::string kMark = "\xE2\x96\x81";

std::shared_ptr<const Tokenizer> tokenizerOf(const VocabularyFile &source)
{
    const std::string bytes = source.bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
    if (!file)
        qFatal("%s", file.error().message.c_str());
    const auto created = Tokenizer::create(*file);
    if (!created)
        qFatal("%s", created.error().message.c_str());
    return *created;
}

bool isRefused(const VocabularyFile &source)
{
    const std::string bytes = source.bytes();
    const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
    if (!file)
        qFatal("%s", file.error().message.c_str());
    const auto created = Tokenizer::create(*file);
    return !created && created.error().code == ErrorCode::InvalidFile
        && !created.error().message.empty();
}

std::vector<Token> plain(const Tokenizer &tokenizer, std::string_view text)
{
    return tokenizer.encode(text, AddSpecial::No, ParseSpecial::No);
}

VocabularyFile fileOf(std::string_view model, const std::vector<HandToken> &tokens)
{
    std::vector<std::string> spellings;
    std::vector<std::int32_t> kinds;
    std::vector<float> scores;
    for (const HandToken &token : tokens) {
        spellings.push_back(token.spelling);
        kinds.push_back(token.kind);
        scores.push_back(token.score);
    }
    VocabularyFile file;
    file.text("general.architecture", "test")
        .text("tokenizer.ggml.model", model)
        .texts("tokenizer.ggml.tokens", spellings)
        .floats("tokenizer.ggml.scores", scores)
        .numbers("tokenizer.ggml.token_type", kinds);
    return file;
}

// [PAD] [UNK] [CLS] [SEP], then `pieces`, from 4 on.
VocabularyFile wordPieces(const std::vector<std::string> &pieces)
{
    std::vector<HandToken> tokens = {
        {"[PAD]", kControl}, {"[UNK]", kUnknown}, {"[CLS]", kControl}, {"[SEP]", kControl}};
    for (const std::string &piece : pieces)
        tokens.push_back({piece});
    return fileOf("bert", tokens)
        .number("tokenizer.ggml.unknown_token_id", 1)
        .number("tokenizer.ggml.cls_token_id", 2)
        .number("tokenizer.ggml.seperator_token_id", 3);
}

// <pad> </s> <unk>, then `pieces`, from 3 on.
VocabularyFile unigram(const std::vector<HandToken> &pieces)
{
    std::vector<HandToken> tokens = {{"<pad>", kControl}, {"</s>", kControl}, {"<unk>", kUnknown}};
    tokens.insert(tokens.end(), pieces.begin(), pieces.end());
    return fileOf("t5", tokens).number("tokenizer.ggml.unknown_token_id", 2);
}

// A table of characters to replace, as SentencePiece compiles it: a double array (one entry at a
// time, first place that fits) and the replacements.
class CharsMapBuilder
{
public:
    void add(const std::string &from, const std::string &to) { m_entries[from] = to; }

    std::vector<std::int32_t> units() const
    {
        std::vector<std::uint32_t> units(1, 0);
        std::vector<bool> used(1, true);
        std::string replacements;
        std::map<std::string, std::size_t> places = {{"", 0}};
        // All prefixes in order of length, so that a node's place is known before its children's.
        std::map<std::size_t, std::map<std::string, std::vector<int>>> nodes;
        for (const auto &[from, to] : m_entries) {
            for (std::size_t n = 0; n < from.size(); ++n)
                nodes[n][from.substr(0, n)].push_back(static_cast<unsigned char>(from[n]));
            nodes[from.size()][from].push_back(0); // the end of an entry
        }
        for (auto &[length, level] : nodes) {
            for (auto &[prefix, labels] : level) {
                std::sort(labels.begin(), labels.end());
                labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
                const std::size_t place = places.at(prefix);
                std::size_t offset = 1;
                const auto fits = [&] {
                    for (int label : labels) {
                        const std::size_t at = place ^ offset ^ std::size_t(label);
                        if (at == 0 || (at < used.size() && used[at]))
                            return false;
                    }
                    return true;
                };
                while (!fits())
                    ++offset;
                units[place] |= std::uint32_t(offset) << 10;
                for (int label : labels) {
                    const std::size_t at = place ^ offset ^ std::size_t(label);
                    if (at >= units.size()) {
                        units.resize(at + 1, 0xFFu << 0);
                        used.resize(at + 1, false);
                    }
                    used[at] = true;
                    if (label == 0) {
                        units[place] |= 1u << 8;
                        units[at] = (1u << 31) | std::uint32_t(replacements.size());
                        replacements += m_entries.at(prefix) + '\0';
                    } else {
                        units[at] = std::uint32_t(label);
                        places[prefix + char(label)] = at;
                    }
                }
            }
        }
        std::string bytes;
        const auto put = [&bytes](std::uint32_t value) {
            for (int i = 0; i < 4; ++i)
                bytes.push_back(char((value >> (8 * i)) & 0xFF));
        };
        put(std::uint32_t(units.size() * 4));
        for (std::uint32_t unit : units)
            put(unit);
        bytes += replacements;
        std::vector<std::int32_t> out;
        for (char byte : bytes)
            out.push_back(static_cast<unsigned char>(byte));
        return out;
    }

private:
    std::map<std::string, std::string> m_entries;
};

} // namespace

class TestTokenizerKinds : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void wordPieceTakesTheLongestPieces()
    {
        const auto tokenizer =
            tokenizerOf(wordPieces({kMark + "un", kMark + "aff", kMark + "unaff", "able", "a", "b",
                                    "le", kMark + ",", kMark + "我"}));
        QCOMPARE(plain(*tokenizer, "unaffable"), (std::vector<Token>{6, 7}));
        QCOMPARE(plain(*tokenizer, "un, AFF"), (std::vector<Token>{4, 11, 5}));
        QCOMPARE(plain(*tokenizer, "unable unx"), (std::vector<Token>{4, 7, 1}));
        QCOMPARE(plain(*tokenizer, "un我un"), (std::vector<Token>{4, 12, 4}));
        QCOMPARE(plain(*tokenizer, ""), std::vector<Token>{});
        QCOMPARE(plain(*tokenizer, " \n\t "), std::vector<Token>{});
        QCOMPARE(tokenizer->decode(std::vector<Token>{6, 7, 11}), std::string("unaffable ,"));
        // A piece that begins a word does not go on inside one, however the text is written.
        QCOMPARE(plain(*tokenizer, "un" + kMark + "aff"), std::vector<Token>{1});
        QCOMPARE(plain(*tokenizer, "[CLS]"), std::vector<Token>(3, 1));
        QCOMPARE(tokenizer->encode("[CLS]un", AddSpecial::No, ParseSpecial::Yes),
                 (std::vector<Token>{2, 4}));
    }

    void wordPieceCleans()
    {
        const auto tokenizer =
            tokenizerOf(wordPieces({kMark + "e", "e", kMark + "=", kMark + "i"}));
        QCOMPARE(plain(*tokenizer,
                       "É\xC3\xA9"
                       "e\xCC\x81"),
                 (std::vector<Token>{4, 5, 5}));
        QCOMPARE(plain(*tokenizer,
                       "e\u200Be\xFF"
                       "e"),
                 (std::vector<Token>{4, 5, 5}));
        QCOMPARE(plain(*tokenizer, "e\u2028e\u00A0e\u3000e"), std::vector<Token>(4, 4));
        QCOMPARE(plain(*tokenizer, "e\u2260e"), (std::vector<Token>{4, 6, 4})); // "=" with a stroke
        QCOMPARE(plain(*tokenizer, "\u0130"), (std::vector<Token>{7})); // I with a dot
    }

    void wordPieceKeepsCapitalsThatTheVocabularyKnows()
    {
        const auto tokenizer = tokenizerOf(wordPieces({kMark + "E", kMark + "e", kMark + "é"}));
        QCOMPARE(plain(*tokenizer, "E e é"), (std::vector<Token>{4, 5, 6}));
    }

    void wordPieceGivesUpOnLongWords()
    {
        const auto tokenizer = tokenizerOf(wordPieces({kMark + "a", "a"}));
        QCOMPARE(plain(*tokenizer, std::string(100, 'a')).size(), std::size_t(100));
        QCOMPARE(plain(*tokenizer, std::string(101, 'a')), std::vector<Token>{1});
        QCOMPARE(plain(*tokenizer, std::string(std::size_t(1) << 22, 'a') + " a"),
                 (std::vector<Token>{1, 4}));
    }

    void wordPieceAddsItsEnds()
    {
        const auto ids = [](const VocabularyFile &file) {
            return tokenizerOf(file)->encode("a", AddSpecial::AsModel, ParseSpecial::No);
        };
        QCOMPARE(ids(wordPieces({kMark + "a"})), (std::vector<Token>{2, 4, 3}));
        QCOMPARE(ids(wordPieces({kMark + "a"}).flag("tokenizer.ggml.add_sep_token", false)),
                 (std::vector<Token>{2, 4}));
        QCOMPARE(ids(wordPieces({kMark + "a"}).flag("tokenizer.ggml.add_bos_token", false)),
                 (std::vector<Token>{4, 3}));
        // Files that name neither: by their spelling.
        QCOMPARE(
            ids(fileOf(
                "bert",
                {{"[UNK]", kUnknown}, {"[SEP]", kControl}, {"[CLS]", kControl}, {kMark + "a"}})),
            (std::vector<Token>{2, 3, 1}));
        QVERIFY(isRefused(fileOf("bert", {{"[UNK]", kUnknown}, {"a"}, {"##b"}})));
    }

    void theUnknownTokenMayBeAControlToken()
    {
        // As files of BERT have it; but never one that ends a text.
        auto file = fileOf("bert", {{"[UNK]", kControl}, {"[SEP]", kControl}, {kMark + "a"}});
        file.number("tokenizer.ggml.unknown_token_id", 0);
        QCOMPARE(plain(*tokenizerOf(file), "a b"), (std::vector<Token>{2, 0}));
        file.number("tokenizer.ggml.eos_token_id", 0);
        QCOMPARE(plain(*tokenizerOf(file), "a b"), (std::vector<Token>{2}));
    }

    void unigramTakesTheBestSum()
    {
        std::mt19937 random(5);
        for (int round = 0; round < 30; ++round) {
            std::vector<HandToken> tokens;
            std::map<std::string, Token> ids;
            const std::vector<std::string> letters = {"a", "b", "é", kMark};
            for (int i = 0; i < 30; ++i) {
                std::string spelling;
                for (std::size_t n = 1 + random() % 4; n > 0; --n) {
                    // With tokens that reach over a space in every second round.
                    const bool mark = (round % 2 == 1 || spelling.empty()) && random() % 4 == 0;
                    spelling += mark ? kMark : letters[random() % 3];
                }
                if (ids.count(spelling))
                    continue;
                ids[spelling] = Token(3 + tokens.size());
                // Sums of distinct powers of two never tie.
                tokens.push_back(
                    {spelling, kNormal, -1 - float(random() % 64) / 8 - float(i) / 1024});
            }
            const auto tokenizer = tokenizerOf(unigram(tokens));
            double worst = 0;
            for (const HandToken &token : tokens)
                worst = std::min(worst, double(token.score));
            for (int i = 0; i < 60; ++i) {
                std::string text;
                std::vector<std::string> characters = {kMark};
                for (std::size_t n = 1 + random() % 12; n > 0; --n) {
                    characters.push_back(letters[random() % letters.size()]);
                    text += characters.back() == kMark ? " " : characters.back();
                }
                // Every way, from the end: the sum and the tokens of what follows.
                std::vector<std::pair<double, std::vector<Token>>> best(characters.size() + 1);
                for (std::size_t at = characters.size(); at-- > 0;) {
                    best[at].first = -std::numeric_limits<double>::infinity();
                    std::string spelling;
                    for (std::size_t end = at + 1; end <= characters.size(); ++end) {
                        spelling += characters[end - 1];
                        const auto known = ids.find(spelling);
                        double score = worst - 10;
                        Token id = 2;
                        if (known != ids.end()) {
                            score = tokens[std::size_t(known->second) - 3].score;
                            id = known->second;
                        } else if (end > at + 1) {
                            continue;
                        }
                        if (score + best[end].first > best[at].first) {
                            best[at].first = score + best[end].first;
                            best[at].second = {id};
                            best[at].second.insert(best[at].second.end(), best[end].second.begin(),
                                                   best[end].second.end());
                        }
                    }
                }
                std::vector<Token> expected;
                for (Token id : best[0].second) {
                    if (id != 2 || expected.empty() || expected.back() != 2)
                        expected.push_back(id);
                }
                QCOMPARE(plain(*tokenizer, text), expected);
                if (std::find(expected.begin(), expected.end(), 2) == expected.end())
                    QCOMPARE(tokenizer->decode(expected), text);
            }
        }
    }

    void unigramNormalises()
    {
        CharsMapBuilder map;
        map.add("\uFF21", "A"); // full width
        map.add("\uFB01", "fi"); // ligature
        map.add("\t", " ");
        map.add("e\xCC\x81", "é");
        map.add("e\xCC\x81!", "?");
        const std::vector<HandToken> pieces = {{kMark, kNormal, -2}, {"A", kNormal, -2},
                                               {"f", kNormal, -2},   {"i", kNormal, -2},
                                               {"é", kNormal, -2},   {"?", kNormal, -2}};
        const auto tokenizer = tokenizerOf(
            unigram(pieces).bytesArray("tokenizer.ggml.precompiled_charsmap", map.units()));
        QCOMPARE(plain(*tokenizer, "\uFF21\tA"), (std::vector<Token>{3, 4, 3, 4}));
        QCOMPARE(plain(*tokenizer, "\uFB01"), (std::vector<Token>{3, 5, 6}));
        QCOMPARE(plain(*tokenizer, "e\xCC\x81"), (std::vector<Token>{3, 7}));
        QCOMPARE(plain(*tokenizer, "e\xCC\x81!"), (std::vector<Token>{3, 8})); // the longest entry
        QCOMPARE(plain(*tokenizer,
                       "A\xFF"
                       "A"),
                 (std::vector<Token>{3, 4, 2, 4}));
    }

    void damagedTablesAreRefusedOrReplaceNothing()
    {
        const auto with = [](const std::vector<std::int32_t> &bytes) {
            return unigram({{"a", kNormal, -1}})
                .bytesArray("tokenizer.ggml.precompiled_charsmap", bytes);
        };
        QVERIFY(isRefused(with({1, 2})));
        QVERIFY(isRefused(with({0, 0, 0, 0, 65, 0})));
        QVERIFY(isRefused(with({8, 0, 0, 0, 1, 2, 3, 4})));
        QVERIFY(isRefused(with({3, 0, 0, 0, 1, 2, 3})));
        QVERIFY(isRefused(
            unigram({{"a", kNormal, -1}}).text("tokenizer.ggml.precompiled_charsmap", "abcd")));
        QVERIFY(!isRefused(with({})));
        // Any bytes that have the right lengths: no step leaves the table.
        std::mt19937 random(6);
        for (int round = 0; round < 300; ++round) {
            std::vector<std::int32_t> bytes = {64, 0, 0, 0};
            for (int i = 0; i < 64 + 16; ++i)
                bytes.push_back(std::int32_t(random() % (round % 2 ? 256 : 8)));
            const auto tokenizer = tokenizerOf(with(bytes));
            for (int i = 0; i < 20; ++i) {
                std::string text(random() % 8, ' ');
                for (char &c : text)
                    c = char(random() % 256);
                for (Token token : plain(*tokenizer, text))
                    QVERIFY(token >= 0 && token < Token(tokenizer->vocabularySize()));
            }
        }
    }

    void unigramTreatsSpacesAsTheFileSays()
    {
        const std::vector<HandToken> pieces = {
            {kMark, kNormal, -2}, {"a", kNormal, -2}, {kMark + "a", kNormal, -1}};
        const auto text = "  a  a ";
        QCOMPARE(plain(*tokenizerOf(unigram(pieces)), text),
                 (std::vector<Token>{3, 3, 5, 3, 5, 3}));
        auto compact = unigram(pieces);
        compact.flag("tokenizer.ggml.remove_extra_whitespaces", true);
        QCOMPARE(plain(*tokenizerOf(compact), text), (std::vector<Token>{5, 5}));
        QCOMPARE(plain(*tokenizerOf(compact), "   "), std::vector<Token>{});
        compact.flag("tokenizer.ggml.add_space_prefix", false);
        QCOMPARE(plain(*tokenizerOf(compact), text), (std::vector<Token>{4, 5}));
        auto bare = unigram({{" ", kNormal, -2}, {"a", kNormal, -2}});
        bare.flag("tokenizer.ggml.escape_whitespaces", false);
        QCOMPARE(plain(*tokenizerOf(bare), "a a"), (std::vector<Token>{3, 4, 3, 4}));
    }

    void unigramJoinsUnknownCharactersOrFallsBackToBytes()
    {
        std::vector<HandToken> pieces = {{kMark, kNormal, -1}, {"a", kNormal, -1}};
        QCOMPARE(plain(*tokenizerOf(unigram(pieces)), "xya"), (std::vector<Token>{3, 2, 4}));
        QCOMPARE(plain(*tokenizerOf(unigram(pieces)), "x y"), (std::vector<Token>{3, 2, 3, 2}));
        for (int byte = 0; byte < 256; ++byte) {
            const char *digits = "0123456789ABCDEF";
            pieces.push_back(
                {std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">", kByte});
        }
        const auto withBytes = tokenizerOf(unigram(pieces));
        QCOMPARE(plain(*withBytes, "é"), (std::vector<Token>{3, 5 + 0xC3, 5 + 0xA9}));
        QCOMPARE(withBytes->decode(plain(*withBytes, "日a本")), std::string("日a本"));
    }

    void unigramAddsItsEnds()
    {
        const std::vector<HandToken> pieces = {{kMark + "a", kNormal, -1}};
        const auto ids = [](const VocabularyFile &file) {
            return tokenizerOf(file)->encode("a", AddSpecial::AsModel, ParseSpecial::No);
        };
        // T5's: nothing before, </s> after.
        QCOMPARE(ids(unigram(pieces)), (std::vector<Token>{3, 1}));
        auto both = unigram(pieces);
        both.number("tokenizer.ggml.bos_token_id", 0).flag("tokenizer.ggml.add_bos_token", true);
        QCOMPARE(ids(both), (std::vector<Token>{0, 3, 1}));
        both.flag("tokenizer.ggml.add_eos_token", false);
        QCOMPARE(ids(both), (std::vector<Token>{0, 3}));
        QVERIFY(isRefused(VocabularyFile()
                              .text("tokenizer.ggml.model", "t5")
                              .texts("tokenizer.ggml.tokens", {"a"})));
    }

    void longRunsTakeLinearWork()
    {
        const std::size_t size = std::size_t(1) << 20;
        const auto tokenizer =
            tokenizerOf(unigram({{kMark, kNormal, -1}, {"a", kNormal, -2}, {"aaaa", kNormal, -3}}));
        QCOMPARE(plain(*tokenizer, std::string(size, 'a')).size(), size / 4 + 1);
        QCOMPARE(plain(*tokenizer, std::string(size, ' ')).size(), size + 1);
        QCOMPARE(plain(*tokenizer, std::string(size, 'x')).size(), std::size_t(2));
    }

    void bpeOverCharacters()
    {
        const std::vector<HandToken> tokens = {{"<pad>", kControl},
                                               {"<eos>", kControl},
                                               {"<bos>", kControl},
                                               {"<unk>", kUnknown},
                                               {"a"},
                                               {"é"},
                                               {kMark},
                                               {kMark + "a"},
                                               {kMark + "aé"},
                                               {"\n\n"},
                                               {"<0xF0>", kByte},
                                               {"<0x9F>", kByte},
                                               {"<0xA6>", kByte},
                                               {"<0x99>", kByte}};
        const auto file = [&tokens](std::string_view model, std::string_view pre) {
            auto one = fileOf(model, tokens);
            one.texts("tokenizer.ggml.merges", {kMark + " a", kMark + "a é", "é é"})
                .number("tokenizer.ggml.bos_token_id", 2)
                .number("tokenizer.ggml.unknown_token_id", 3);
            if (!pre.empty())
                one.text("tokenizer.ggml.pre", pre);
            return tokenizerOf(one);
        };
        const auto tokenizer = file("gemma4", "");
        QVERIFY(tokenizer->warnings().empty());
        QCOMPARE(plain(*tokenizer, "a aé é"), (std::vector<Token>{4, 8, 6, 5}));
        QCOMPARE(tokenizer->decode(std::vector<Token>{4, 8, 6, 5}), std::string("a aé é"));
        // What merges made and is no token comes apart; lines of their own are taken whole.
        QCOMPARE(plain(*tokenizer, "éé"), (std::vector<Token>{5, 5}));
        QCOMPARE(plain(*tokenizer, "a\n\na"), (std::vector<Token>{4, 9, 4}));
        QCOMPARE(plain(*tokenizer, "🦙"), (std::vector<Token>{10, 11, 12, 13}));
        QCOMPARE(tokenizer->decode(plain(*tokenizer, "a 🦙")), std::string("a 🦙"));
        QCOMPARE(plain(*tokenizer, "\n"), std::vector<Token>{3});
        QCOMPARE(tokenizer->encode("a", AddSpecial::AsModel, ParseSpecial::No),
                 (std::vector<Token>{2, 4}));
        QCOMPARE(plain(*file("gpt2", "gemma4"), "a aé"), (std::vector<Token>{4, 8}));
        StreamDecoder stream(tokenizer);
        for (Token byte : {10, 11, 12})
            QCOMPARE(stream.append(byte), std::string());
        QCOMPARE(stream.append(13), std::string("🦙"));
    }

    void robertaAddsBothEnds()
    {
        const std::vector<HandToken> specials = {{"<s>", kControl}, {"</s>", kControl}};
        const auto ids = [&specials](std::string_view pre) {
            auto file = bpeFile({}, specials, pre);
            file.number("tokenizer.ggml.bos_token_id", 256)
                .number("tokenizer.ggml.eos_token_id", 257);
            return tokenizerOf(file)->encode("A", AddSpecial::AsModel, ParseSpecial::No);
        };
        for (const char *pre : {"roberta-bpe", "jina-v1-en", "jina-v2-code"})
            QCOMPARE(ids(pre), (std::vector<Token>{256, 65, 257}));
        QCOMPARE(ids("jina-v2-de"), std::vector<Token>{65});
        QCOMPARE(ids("chatglm-bpe"), std::vector<Token>{65});
        auto glm = bpeFile({}, specials, "glm4");
        glm.number("tokenizer.ggml.bos_token_id", 256).flag("tokenizer.ggml.add_bos_token", true);
        QVERIFY(!tokenizerOf(glm)->bos());
    }

    void reportsTellOfAnUnknownPreTokenizer()
    {
        const auto report = [](const VocabularyFile &source) {
            const std::string bytes = source.bytes();
            const auto file = GgufFile::parse(VocabularyFile::view(bytes), "test");
            if (!file)
                qFatal("%s", file.error().message.c_str());
            return inspectFile(*file);
        };
        const ModelReport strange = report(bpeFile({}, {}, "brand-new"));
        QCOMPARE(strange.tokenizer, std::string("gpt2, pre-tokenizer brand-new"));
        QVERIFY(strange.tokenizerTrouble);
        QVERIFY(strange.toText().find("\"brand-new\" is not known") != std::string::npos);
        QVERIFY(strange.toJson()["tokenizer_warning"].is_string());
        const ModelReport usual = report(bpeFile({}, {}, "qwen2"));
        QVERIFY(!usual.tokenizerTrouble);
        QVERIFY(usual.toJson()["tokenizer_warning"].is_null());
        QVERIFY(usual.toText().find("warning") == std::string::npos);
        QVERIFY(report(fileOf("rwkv", {{"a"}})).tokenizerTrouble);
    }
};

QTEST_APPLESS_MAIN(TestTokenizerKinds)
#include "tst_tokenizer_kinds.moc"
