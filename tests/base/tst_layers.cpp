// The arrows between the parts of the program point down: what a file includes lies in its own
// folder or in one beneath it, and the engine knows neither Qt nor, above gpu/, Vulkan.

#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include <map>

namespace {

// Height of each folder; an include goes to a lower one. The longest name that fits counts.
const std::map<QString, int> kHeights{
    {QStringLiteral("core/base"), 0},      {QStringLiteral("shaders"), 0},
    {QStringLiteral("core/llm"), 1},       {QStringLiteral("core/log"), 1},
    {QStringLiteral("core/cpu"), 2},       {QStringLiteral("gpu"), 2},
    {QStringLiteral("core/engine"), 3},    {QStringLiteral("core/storage"), 3},
    {QStringLiteral("core/documents"), 4}, {QStringLiteral("core/chat"), 5},
    {QStringLiteral("app/theme"), 6},      {QStringLiteral("app/markdown"), 6},
    {QStringLiteral("app/cli"), 6},        {QStringLiteral("app/controls"), 7},
    {QStringLiteral("app/engine"), 7},     {QStringLiteral("app/help"), 8},
    {QStringLiteral("app/models"), 8},     {QStringLiteral("app/settings"), 8},
    {QStringLiteral("app/documents"), 8},  {QStringLiteral("app/chat"), 9},
    {QStringLiteral("app/shell"), 10},     {QStringLiteral("app"), 11},
};

const QString kRoot = QStringLiteral(ALCOVE_SOURCE_DIR);

// The folder of kHeights that a path lies in; empty: none.
QString folderOf(const QString &path)
{
    QString best;
    for (const auto &[folder, height] : kHeights) {
        if (path.startsWith(folder + u'/') && folder.size() > best.size())
            best = folder;
    }
    return best;
}

struct Source {
    QString path; // from the root
    QStringList lines;
};

QVector<Source> sources(const QStringList &folders)
{
    QVector<Source> found;
    for (const QString &folder : folders) {
        QDirIterator files(kRoot + u'/' + folder, {QStringLiteral("*.h"), QStringLiteral("*.cpp")},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            if (file.open(QIODevice::ReadOnly))
                found.append({file.fileName().mid(kRoot.size() + 1),
                              QString::fromUtf8(file.readAll()).split(u'\n')});
        }
    }
    return found;
}

// Files under `folders` with a line that matches, as "path: line".
QStringList matches(const QStringList &folders, const QRegularExpression &pattern)
{
    QStringList found;
    for (const Source &source : sources(folders)) {
        for (const QString &line : source.lines) {
            if (pattern.match(line).hasMatch())
                found << source.path + QStringLiteral(": ") + line.trimmed();
        }
    }
    return found;
}

} // namespace

class TestLayers : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void includesPointDown()
    {
        static const QRegularExpression include(QStringLiteral("^#include \"([^\"]+/[^\"]+)\""));
        int seen = 0;
        QStringList upwards;
        for (const Source &source : sources({QStringLiteral("app"), QStringLiteral("core"),
                                             QStringLiteral("gpu"), QStringLiteral("shaders")})) {
            const QString from = folderOf(source.path);
            QVERIFY2(!from.isEmpty(), qPrintable(source.path + QStringLiteral(" has no height")));
            for (const QString &line : source.lines) {
                const auto match = include.match(line);
                const QString to = match.hasMatch() ? folderOf(match.captured(1)) : QString();
                if (to.isEmpty() || to == from)
                    continue;
                ++seen;
                if (kHeights.at(to) >= kHeights.at(from))
                    upwards << source.path + QStringLiteral(" includes ") + match.captured(1);
            }
        }
        QVERIFY(seen > 100);
        QVERIFY2(upwards.isEmpty(), qPrintable(upwards.join(u'\n')));
    }

    void theEngineKnowsNoQt()
    {
        static const QRegularExpression qt(QStringLiteral("^#include <(Q[A-Z]|Qt)"));
        const QStringList found = matches({QStringLiteral("core/base"), QStringLiteral("core/llm"),
                                           QStringLiteral("core/cpu"), QStringLiteral("gpu")},
                                          qt);
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
        QVERIFY(!matches({QStringLiteral("core/storage")}, qt).isEmpty()); // the pattern works
    }

    void onlyTheGpuFolderKnowsVulkan()
    {
        static const QRegularExpression vulkan(QStringLiteral("^#include [<\"](vulkan/|volk)"));
        const QStringList found = matches({QStringLiteral("core"), QStringLiteral("app")}, vulkan);
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
        QVERIFY(!matches({QStringLiteral("gpu")}, vulkan).isEmpty());
    }

    // A model is a specification: an executor that asks for a name has missed the point.
    void executorsKnowNoArchitecture()
    {
        static const QRegularExpression name(QStringLiteral(
            "\"(llama|qwen\\w*|gemma\\w*|phi3|gpt-oss|granite\\w*|smollm3|olmo2|glm4|"
            "bert|nomic-bert|jina-bert\\S*|lfm2\\w*)\"|spec\\w*(\\(\\))?\\.architecture"));
        const QStringList found =
            matches({QStringLiteral("core/cpu"), QStringLiteral("gpu")}, name);
        QVERIFY2(found.isEmpty(), qPrintable(found.join(u'\n')));
        // Within core/llm only where specifications are read. (A "bert" or "llama" may also be a
        // kind of tokenizer.)
        static const QRegularExpression architecture(
            QStringLiteral("\"general\\.architecture\"\\)? *[=!]="));
        const QStringList compared = matches({QStringLiteral("core")}, architecture);
        QVERIFY2(compared.isEmpty(), qPrintable(compared.join(u'\n')));
        QVERIFY(!matches({QStringLiteral("core/llm")}, name).isEmpty());
    }
};

QTEST_APPLESS_MAIN(TestLayers)
#include "tst_layers.moc"
