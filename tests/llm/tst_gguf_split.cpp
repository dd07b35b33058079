// Models that were split into several files: opened by any of them as one, or refused by name.

#include "core/cpu/reference_executor.h"
#include "core/llm/gguf_split.h"
#include "core/llm/model_spec.h"
#include "tests/support/fixtures.h"
#include "tests/support/gguf_parts.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace alcove;
using namespace alcove::llm;
using namespace alcove::test;

namespace {

constexpr std::uint32_t kParts = 3;

} // namespace

class TestGgufSplit : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        auto whole = GgufFile::open(fixture("quant/llama-Q4_K_M.gguf"));
        QVERIFY(whole);
        m_whole.emplace(std::move(*whole));
        m_parts = split(*m_whole, kParts);
        for (std::uint32_t i = 1; i <= kParts; ++i)
            write(partPath(i), m_parts[i - 1]);
    }

    void readsNames()
    {
        const auto name = SplitName::of("/models/big-Q4_K_M-00002-of-00010.gguf");
        QVERIFY(name);
        QCOMPARE(name->prefix, std::string("/models/big-Q4_K_M"));
        QCOMPARE(name->part, 2u);
        QCOMPARE(name->count, 10u);
        QCOMPARE(name->path(10), std::string("/models/big-Q4_K_M-00010-of-00010.gguf"));
        for (const char *other :
             {"big.gguf", "-00001-of-00002.gguf", "big-00000-of-00002.gguf",
              "big-00003-of-00002.gguf", "big-0001-of-0002.gguf", "big-0000a-of-00002.gguf",
              "big_00001-of-00002.gguf", "big-00001-of-00002.bin", "big-00001-to-00002.gguf", ""})
            QVERIFY2(!SplitName::of(other), other);
    }

    void opensByAnyPart()
    {
        for (std::uint32_t asked = 1; asked <= kParts; ++asked) {
            const auto file = GgufFile::open(partPath(asked));
            QVERIFY2(file, file ? "" : file.error().message.c_str());
            QCOMPARE(file->path(), partPath(1));
            QCOMPARE(file->partCount(), std::size_t(kParts));
            std::uint64_t bytes = 0;
            for (std::uint32_t i = 1; i <= kParts; ++i)
                bytes += std::uint64_t(QFile(QString::fromStdString(partPath(i))).size());
            QCOMPARE(file->fileBytes(), bytes);
            QCOMPARE(file->tensors().size(), m_whole->tensors().size());
            for (const Tensor &tensor : m_whole->tensors()) {
                const Tensor *found = file->findTensor(tensor.name);
                QVERIFY2(found, tensor.name.c_str());
                QCOMPARE(found->type, tensor.type);
                QVERIFY(found->shape == tensor.shape);
                QVERIFY(bytesText(found->data) == bytesText(tensor.data));
            }
            for (const auto &[key, value] : m_whole->metadata()) {
                QVERIFY2(file->find(key), key.c_str());
                QVERIFY(bytesText(file->find(key)->bytes) == bytesText(value.bytes));
            }
        }
    }

    void runsAsOne()
    {
        const auto logits = [](const std::string &path) {
            auto model = Model::open(path);
            if (!model)
                qFatal("%s", model.error().message.c_str());
            auto executor = cpu::createReferenceExecutor(std::move(*model), {});
            const std::vector<Token> tokens{1, 5, 77};
            return *(*executor)->forward(tokens, LogitRows::All);
        };
        QVERIFY(logits(partPath(2)) == logits(fixture("quant/llama-Q4_K_M.gguf")));
    }

    void saysWhatIsMissing()
    {
        QVERIFY(QFile::remove(QString::fromStdString(partPath(2))));
        expectRefusal(partPath(1), ErrorCode::NotFound, "big-00002-of-00003.gguf is missing");
        expectRefusal(partPath(3), ErrorCode::NotFound, "big-00002-of-00003.gguf is missing");
        QVERIFY(QFile::remove(QString::fromStdString(partPath(1))));
        expectRefusal(partPath(3), ErrorCode::NotFound, "big-00001-of-00003.gguf is missing");
    }

    void refusesAStrangerAmongTheParts()
    {
        write(partPath(2), split(*m_whole, 5)[1]);
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "is not part 2 of 3");
        write(partPath(2), m_parts[2]);
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "is not part 2 of 3");
        write(partPath(2), tinyModel());
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "is not part 2 of 3");
    }

    void refusesPartsThatDoNotAddUp()
    {
        const std::string first = m_parts[0].tensorNames().front();
        write(partPath(2), GgufWriter(m_parts[1]).tensor(first, {4}));
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "twice");
        GgufWriter fewer(m_parts[1]);
        write(partPath(2), fewer.removeTensor(fewer.tensorNames().front()));
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "tensors together, not");
        write(partPath(2), std::string("GGUF"));
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "damaged");
    }

    void refusesNamesThatLeadNowhere()
    {
        const std::string renamed =
            m_folder->filePath(QStringLiteral("renamed.gguf")).toStdString();
        write(renamed, m_parts[1]);
        expectRefusal(renamed, ErrorCode::InvalidFile, "NAME-00002-of-00003.gguf");
        write(partPath(1), GgufWriter(m_parts[0]).remove("split.no"));
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "does not say which part");
        write(partPath(1),
              GgufWriter(m_parts[0])
                  .raw("split.no", GgufValueType::UInt16, bytesOf(std::uint16_t(kParts))));
        expectRefusal(partPath(1), ErrorCode::InvalidFile, "does not say which part");
    }

    void aPartByItselfIsNoModel()
    {
        const std::string bytes = m_parts[0].bytes();
        const auto part = GgufFile::parse(GgufWriter::view(bytes), "part.gguf");
        QVERIFY(part);
        const auto spec = readModelSpec(*part);
        QVERIFY(!spec);
        QVERIFY(spec.error().message.find("one part of a model") != std::string::npos);
    }

private:
    std::string partPath(std::uint32_t part) const
    {
        return m_folder
            ->filePath(QStringLiteral("big-%1-of-%2.gguf")
                           .arg(part, 5, 10, QLatin1Char('0'))
                           .arg(kParts, 5, 10, QLatin1Char('0')))
            .toStdString();
    }

    static void write(const std::string &path, const GgufWriter &part)
    {
        write(path, part.bytes());
    }
    static void write(const std::string &path, const std::string &bytes)
    {
        QFile file(QString::fromStdString(path));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes.data(), qint64(bytes.size())), qint64(bytes.size()));
    }

    static void expectRefusal(const std::string &path, ErrorCode code, const char *says)
    {
        const auto file = GgufFile::open(path);
        QVERIFY(!file);
        QVERIFY2(file.error().message.find(says) != std::string::npos,
                 file.error().message.c_str());
        QCOMPARE(int(file.error().code), int(code));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::optional<GgufFile> m_whole;
    std::vector<GgufWriter> m_parts;
};

QTEST_GUILESS_MAIN(TestGgufSplit)
#include "tst_gguf_split.moc"
