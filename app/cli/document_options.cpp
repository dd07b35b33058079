#include "app/cli/document_options.h"

#include "app/cli/model_options.h"
#include "core/storage/data_folder.h"
#include "core/storage/private_file.h"

#include <QCoreApplication>
#include <QFileInfo>

namespace alcove::cli {

void prepareQt()
{
    if (QCoreApplication::instance())
        return;
    static int argc = 1;
    static char name[] = "alcove-cli";
    static char *argv[] = {name, nullptr};
    static const QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(
        QStringLiteral("alcove")); // as the window: one data folder
}

tl::expected<std::unique_ptr<storage::Store>, Failure> openStore(const Environment &environment)
{
    prepareQt();
    const QString chosen =
        QString::fromStdString(environment.arguments.valueOr("--data-dir", std::string()));
    const QString folder = storage::DataFolder::resolve(chosen);
    if (auto created = storage::createPrivateFolder(folder); !created)
        return failure(created.error());
    const QString database = storage::DataFolder::databasePathIn(folder);
    auto store = storage::Store::open(database);
    if (!store)
        return failure(store.error());
    if (!(*store)->notice().isEmpty())
        environment.err << (*store)->notice().toStdString() << std::endl;
    return std::move(*store);
}

documents::DocumentReader documentReader()
{
    prepareQt();
    return documents::DocumentReader(documents::DocumentReader::programBeside());
}

Parsed<QStringList> pathsOf(const std::vector<std::string> &words)
{
    QStringList paths;
    for (const std::string &word : words) {
        const QFileInfo info(QString::fromStdString(word));
        if (!info.exists())
            return failure("There is no file or folder " + word + ".");
        paths << info.absoluteFilePath();
    }
    return paths;
}

Json pageJson(documents::PageKind kind, const QString &label)
{
    switch (kind) {
    case documents::PageKind::None:
        return nullptr;
    case documents::PageKind::Sheet:
        return label.toStdString();
    case documents::PageKind::Page:
    case documents::PageKind::Slide:
        return label.toInt();
    }
    return nullptr;
}

Json passageJson(const documents::Hit &hit)
{
    Json json;
    json["document"] = hit.path.toStdString();
    json["page"] = pageJson(hit.pageKind, hit.page);
    json["start"] = hit.begin;
    json["end"] = hit.end;
    json["heading"] = hit.heading.toStdString();
    json["score"] = hit.score;
    json["text"] = hit.text.toStdString();
    return json;
}

std::string placeOf(const documents::Hit &hit)
{
    std::string place = QFileInfo(hit.path).fileName().toStdString();
    switch (hit.pageKind) {
    case documents::PageKind::None:
        break;
    case documents::PageKind::Page:
        place += ", page " + hit.page.toStdString();
        break;
    case documents::PageKind::Slide:
        place += ", slide " + hit.page.toStdString();
        break;
    case documents::PageKind::Sheet:
        place += ", sheet " + hit.page.toStdString();
        break;
    }
    return place;
}

documents::Embedder embedderOf(const Environment &environment)
{
    const auto session = std::make_shared<std::unique_ptr<engine::Session>>();
    return [&environment, session](const QString &model,
                                   const std::string &text) -> Result<std::vector<float>> {
        if (!*session) {
            if (!QFileInfo::exists(model))
                return fail(ErrorCode::NotFound,
                            "The embedding model " + model.toStdString()
                                + " is not there any more; the search was by words alone.");
            const auto loading = sessionOptions(environment.arguments, model.toStdString(),
                                                engine::Vocabulary::Required);
            if (!loading)
                return fail(ErrorCode::InvalidArgument, loading.error().sentence);
            auto opened = openSession(environment, hardwareOf(environment.arguments), *loading);
            if (!opened)
                return fail(ErrorCode::InvalidFile, opened.error().sentence);
            *session = std::move(*opened);
        }
        auto embedding = (*session)->embed(text);
        if (!embedding)
            return fail(embedding.error());
        return std::move(embedding->values);
    };
}

tl::expected<std::vector<documents::FileOutcome>, Failure>
indexPaths(const Environment &environment, documents::DocumentIndex &index,
           const std::vector<std::string> &words, const QString &collection)
{
    const auto paths = pathsOf(words);
    if (!paths)
        return tl::unexpected(paths.error());
    documents::Indexer indexer(index, documentReader());
    documents::IndexRequest request;
    request.paths = *paths;
    request.collection = collection;
    request.password =
        QString::fromStdString(environment.arguments.valueOr("--password", std::string()));
    documents::IndexHooks hooks;
    hooks.file = [&](const documents::FileOutcome &outcome) {
        const std::string path = outcome.path.toStdString();
        if (outcome.kind == documents::FileOutcome::Kind::Failed)
            environment.err << path << ": " << outcome.reason.toStdString() << std::endl;
        for (const QString &remark : outcome.remarks)
            environment.err << path << ": " << remark.toStdString() << std::endl;
    };
    auto outcomes = indexer.run(request, hooks);
    if (!outcomes)
        return failure(outcomes.error());
    return std::move(*outcomes);
}

} // namespace alcove::cli
