#include "app/cli/document_options.h"
#include "app/cli/model_options.h"
#include "app/cli/sampling_options.h"
#include "core/documents/citations.h"
#include "core/documents/question_prompt.h"

#include <QTemporaryDir>

#include <algorithm>

namespace alcove::cli {

namespace {

constexpr std::uint32_t kDefaultMaxTokens = 512;
constexpr int kMostPassages = 24; // that are looked at; the context decides how many are read

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const std::vector<std::string> paths = arguments.values("--docs");
    if (paths.empty())
        return usageFailure("The command ask needs the option --docs with at least one file.");
    if (const auto found = pathsOf(paths); !found)
        return tl::unexpected(found.error());
    const auto sampling = SamplingOptions::read(arguments, kDefaultMaxTokens);
    if (!sampling)
        return tl::unexpected(sampling.error());
    const auto loading =
        sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Required);
    if (!loading)
        return tl::unexpected(loading.error());
    auto opened = openSession(environment, hardwareOf(arguments), *loading);
    if (!opened)
        return tl::unexpected(opened.error());
    engine::Session &session = **opened;

    // An index of its own: nothing of it stays.
    const QTemporaryDir folder;
    if (!folder.isValid())
        return failure("A folder for the time being cannot be created.");
    auto store = storage::Store::open(folder.filePath(QStringLiteral("ask.sqlite3")));
    if (!store)
        return failure(store.error());
    documents::DocumentIndex index((*store)->database());
    const auto outcomes =
        indexPaths(environment, index, paths, documents::DocumentIndex::defaultCollection());
    if (!outcomes)
        return tl::unexpected(outcomes.error());
    const bool any = std::any_of(outcomes->begin(), outcomes->end(), [](const auto &outcome) {
        return outcome.kind != documents::FileOutcome::Kind::Failed;
    });
    if (!any)
        return failure("None of the documents could be read.");

    const std::string &question = arguments.positional(1);
    documents::SearchOptions search;
    search.most = kMostPassages;
    auto found = documents::retrieve(index, QString::fromStdString(question), search);
    if (!found)
        return failure(found.error());
    const auto share = documents::evidence(index, QString::fromStdString(question), found->hits);
    if (!share)
        return failure(share.error());

    engine::GenerateOptions options = sampling->forModel(session);
    const std::size_t room =
        documents::passageBudget(session.info().contextLength, options.maxTokens);
    const documents::QuestionPrompt prompt = documents::questionPrompt(
        question, found->hits, *share < documents::kWeakEvidence, room, [&](std::string_view text) {
            return session.tokenizer()
                ->encode(text, llm::AddSpecial::No, llm::ParseSpecial::No)
                .size();
        });
    std::string answer;
    engine::GenerateHooks hooks;
    hooks.text = [&](std::string_view piece) { answer += piece; };
    const std::vector<engine::ChatMessage> messages{{engine::Role::System, prompt.system},
                                                    {engine::Role::User, prompt.user}};
    const auto report = session.answer(messages,
                                       arguments.has("--chatml") ? engine::TemplateFallback::ChatMl
                                                                 : engine::TemplateFallback::Refuse,
                                       options, hooks);
    if (!report)
        return failure(report.error());
    const std::vector<documents::Hit> read(found->hits.begin(),
                                           found->hits.begin() + std::ptrdiff_t(prompt.passages));
    const auto cited = documents::cite(index, QString::fromStdString(answer), read);
    if (!cited)
        return failure(cited.error());

    if (arguments.has("--json")) {
        Json json;
        json["answer"] = cited->text.toStdString();
        json["weak_evidence"] = *share < documents::kWeakEvidence;
        json["citations"] = Json::array();
        for (const documents::Citation &citation : cited->citations) {
            const documents::Hit &hit = read[citation.passage];
            Json one;
            one["number"] = citation.number;
            one["document"] = hit.path.toStdString();
            one["page"] = pageJson(hit.pageKind, citation.page);
            one["start"] = citation.begin;
            one["end"] = citation.end;
            one["text"] = citation.text.toStdString();
            json["citations"].push_back(std::move(one));
        }
        json["sentences"] = Json::array();
        for (const documents::CitedSentence &sentence : cited->sentences)
            json["sentences"].push_back({{"text", sentence.text.toStdString()},
                                         {"supported", sentence.supported},
                                         {"citations", sentence.numbers}});
        json["passages"] = Json::array();
        for (const documents::Hit &hit : read)
            json["passages"].push_back(passageJson(hit));
        printJson(environment.out, json);
        return {};
    }
    environment.out << cited->text.toStdString() << "\n";
    for (const documents::Citation &citation : cited->citations)
        environment.out << "\n[" << citation.number << "] " << placeOf(read[citation.passage])
                        << "\n    " << citation.text.simplified().toStdString() << "\n";
    return {};
}

} // namespace

const Command &askCommand()
{
    static const Command command = [] {
        CommandSpec spec{
            "ask",
            "answers a question from documents and says where the answer stands",
            {"MODEL", "QUESTION"},
            {{"--docs", "PATH...", "the files and folders to answer from",
              OptionSpec::Times::Several},
             {"--password", "TEXT", "for files that are locked"},
             {"--chatml", "", "uses the ChatML format instead of the model's template"},
             {"--json", "", "prints JSON"}}};
        for (const OptionSpec &option : samplingOptionSpecs())
            spec.options.push_back(option);
        return Command{spec, run};
    }();
    return command;
}

} // namespace alcove::cli
