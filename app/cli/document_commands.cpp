#include "app/cli/document_options.h"
#include "app/cli/model_options.h"
#include "core/documents/passage_embedding.h"

#include <QFileInfo>

#include <algorithm>

namespace alcove::cli {

namespace {

using documents::DocumentEntry;
using documents::DocumentIndex;
using documents::FileOutcome;

constexpr int kTogether = 64; // passages that are embedded at a time
constexpr std::uint64_t kMostResults = 1000;

const char *nameOf(FileOutcome::Kind kind)
{
    switch (kind) {
    case FileOutcome::Kind::Indexed:
        return "indexed";
    case FileOutcome::Kind::Unchanged:
        return "unchanged";
    case FileOutcome::Kind::Moved:
        return "moved";
    case FileOutcome::Kind::Failed:
        return "failed";
    }
    return "failed";
}

QString collectionOf(const Arguments &arguments)
{
    const auto chosen = arguments.value("--collection");
    return chosen ? QString::fromStdString(*chosen) : QString();
}

// Vectors for all passages that have none of this model.
tl::expected<std::uint64_t, Failure> embedAll(const Environment &environment, DocumentIndex &index,
                                              const std::string &path)
{
    const QString model = QFileInfo(QString::fromStdString(path)).absoluteFilePath();
    const auto loading = sessionOptions(environment.arguments, path, engine::Vocabulary::Required);
    if (!loading)
        return tl::unexpected(loading.error());
    auto opened = openSession(environment, hardwareOf(environment.arguments), *loading);
    if (!opened)
        return tl::unexpected(opened.error());
    const auto embed = [&](std::span<const std::string> texts) {
        std::vector<Result<std::vector<float>>> vectors;
        for (auto &embedding : (*opened)->embedAll(texts)) {
            if (embedding)
                vectors.push_back(std::move(embedding->values));
            else
                vectors.push_back(alcove::fail(embedding.error()));
        }
        return vectors;
    };
    std::uint64_t embedded = 0;
    for (;;) {
        const auto done = documents::embedPassages(index, model, kTogether, embed);
        if (!done)
            return failure(done.error());
        if (*done == 0)
            return embedded;
        embedded += *done;
    }
}

Outcome runIndex(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const QString chosen = collectionOf(arguments);
    if (arguments.has("--collection") && chosen.trimmed().isEmpty())
        return usageFailure("The option --collection needs a name that is not empty.");
    // Said before anything is read.
    if (const auto paths = pathsOf(arguments.positionals()); !paths)
        return tl::unexpected(paths.error());
    auto store = openStore(environment);
    if (!store)
        return tl::unexpected(store.error());
    DocumentIndex index((*store)->database());
    const auto outcomes =
        indexPaths(environment, index, arguments.positionals(),
                   chosen.isEmpty() ? DocumentIndex::defaultCollection() : chosen);
    if (!outcomes)
        return tl::unexpected(outcomes.error());
    std::uint64_t embedded = 0;
    if (const auto model = arguments.value("--embedding-model")) {
        const auto done = embedAll(environment, index, *model);
        if (!done)
            return tl::unexpected(done.error());
        embedded = *done;
    }
    const auto count = [&](FileOutcome::Kind kind) {
        return std::count_if(outcomes->begin(), outcomes->end(),
                             [kind](const FileOutcome &one) { return one.kind == kind; });
    };
    const auto failed = count(FileOutcome::Kind::Failed);
    if (arguments.has("--json")) {
        Json json;
        json["files"] = Json::array();
        for (const FileOutcome &outcome : *outcomes) {
            Json file;
            file["document"] = outcome.path.toStdString();
            file["status"] = nameOf(outcome.kind);
            file["passages"] = outcome.passages;
            if (outcome.kind == FileOutcome::Kind::Failed)
                file["reason"] = outcome.reason.toStdString();
            if (!outcome.remarks.isEmpty())
                for (const QString &remark : outcome.remarks)
                    file["remarks"].push_back(remark.toStdString());
            json["files"].push_back(std::move(file));
        }
        json["indexed"] = count(FileOutcome::Kind::Indexed);
        json["unchanged"] = count(FileOutcome::Kind::Unchanged);
        json["moved"] = count(FileOutcome::Kind::Moved);
        json["failed"] = failed;
        json["embedded_passages"] = embedded;
        printJson(environment.out, json);
    } else {
        environment.out << "Files indexed: " << count(FileOutcome::Kind::Indexed)
                        << ", unchanged: " << count(FileOutcome::Kind::Unchanged)
                        << ", moved: " << count(FileOutcome::Kind::Moved) << ", failed: " << failed
                        << "\n";
    }
    if (outcomes->empty())
        return failure("There is no file that can be read.");
    if (std::size_t(failed) == outcomes->size())
        return failure(failed == 1 ? outcomes->front().path.toStdString() + ": "
                               + outcomes->front().reason.toStdString()
                                   : "None of the files could be read.");
    return {};
}

Outcome runSearch(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto most = arguments.integer("-k", 10, 1, kMostResults);
    if (!most)
        return tl::unexpected(most.error());
    auto store = openStore(environment);
    if (!store)
        return tl::unexpected(store.error());
    DocumentIndex index((*store)->database());
    documents::SearchOptions options;
    if (const QString collection = collectionOf(arguments); !collection.isEmpty())
        options.collections << collection;
    options.most = int(*most);
    const auto found = documents::retrieve(index, QString::fromStdString(arguments.positional(0)),
                                           options, embedderOf(environment));
    if (!found)
        return failure(found.error());
    if (!found->remark.isEmpty())
        environment.err << found->remark.toStdString() << std::endl;
    if (arguments.has("--json")) {
        Json json;
        json["results"] = Json::array();
        for (const documents::Hit &hit : found->hits)
            json["results"].push_back(passageJson(hit));
        printJson(environment.out, json);
        return {};
    }
    for (std::size_t i = 0; i < found->hits.size(); ++i) {
        const documents::Hit &hit = found->hits[i];
        environment.out << (i + 1) << ". " << placeOf(hit)
                        << (hit.heading.isEmpty() ? "" : " (" + hit.heading.toStdString() + ")")
                        << "\n"
                        << hit.text.toStdString() << "\n\n";
    }
    if (found->hits.empty())
        environment.err << "Nothing was found." << std::endl;
    return {};
}

Outcome runDocuments(const Environment &environment)
{
    auto store = openStore(environment);
    if (!store)
        return tl::unexpected(store.error());
    DocumentIndex index((*store)->database());
    const auto entries = index.documents();
    if (!entries)
        return failure(entries.error());
    if (environment.arguments.has("--json")) {
        Json json;
        json["documents"] = Json::array();
        for (const DocumentEntry &entry : *entries) {
            Json one;
            one["document"] = entry.path.toStdString();
            one["collection"] = entry.collection.toStdString();
            one["state"] = entry.state == documents::DocumentState::Ready ? "ready" : "failed";
            if (entry.state == documents::DocumentState::Failed)
                one["reason"] = entry.errorText.toStdString();
            one["title"] = entry.title.toStdString();
            one["language"] = entry.language.toStdString();
            one["pages"] = entry.pages > 0 ? Json(entry.pages) : Json(nullptr);
            one["passages"] = entry.passages;
            one["embedded_passages"] = entry.embedded;
            one["bytes"] = entry.bytes;
            json["documents"].push_back(std::move(one));
        }
        printJson(environment.out, json);
        return {};
    }
    for (const DocumentEntry &entry : *entries) {
        environment.out << entry.path.toStdString() << "  [" << entry.collection.toStdString()
                        << "]  ";
        if (entry.state == documents::DocumentState::Failed)
            environment.out << entry.errorText.toStdString() << "\n";
        else
            environment.out << entry.passages << " passages\n";
    }
    return {};
}

Outcome runExtract(const Environment &environment)
{
    prepareQt();
    const Arguments &arguments = environment.arguments;
    documents::ReadRequest request;
    const QFileInfo info(QString::fromStdString(arguments.positional(0)));
    request.path = info.absoluteFilePath().toStdString();
    request.password = arguments.valueOr("--password", {});
    const auto text = documentReader().read(request);
    if (!text)
        return failure(text.error());
    for (const std::string &remark : text->remarks)
        environment.err << remark << std::endl;
    if (!arguments.has("--json")) {
        for (const documents::Page &page : text->pages)
            environment.out << page.text;
        return {};
    }
    Json json;
    json["pages"] = Json::array();
    for (const documents::Page &page : text->pages)
        json["pages"].push_back(
            {{"page", pageJson(text->pageKind, QString::fromStdString(page.label))},
             {"text", page.text}});
    printJson(environment.out, json);
    return {};
}

} // namespace

const Command &indexCommand()
{
    static const Command command{
        {"index",
         "takes files and folders into the index of documents",
         {"PATH..."},
         {{"--collection", "NAME", "the collection they belong to; \"Documents\" when absent"},
          {"--embedding-model", "MODEL",
           "a model (GGUF) whose embeddings find passages by meaning"},
          {"--password", "TEXT", "for files that are locked"},
          {"--json", "", "prints JSON"}}},
        runIndex};
    return command;
}

const Command &searchCommand()
{
    static const Command command{
        {"search",
         "finds the passages of the indexed documents that a query is about",
         {"QUERY"},
         {{"--collection", "NAME", "of this collection only"},
          {"-k", "N", "at most so many; 10 when absent"},
          {"--json", "", "prints JSON"}}},
        runSearch};
    return command;
}

const Command &documentsCommand()
{
    static const Command command{
        {"documents", "lists the indexed documents", {}, {{"--json", "", "prints JSON"}}},
        runDocuments};
    return command;
}

const Command &extractCommand()
{
    static const Command command{{"extract",
                                  "prints the text of a document as the index takes it in",
                                  {"FILE"},
                                  {{"--password", "TEXT", "for a file that is locked"},
                                   {"--json", "", "prints JSON, page by page"}}},
                                 runExtract};
    return command;
}

} // namespace alcove::cli
