#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/sampling_options.h"

namespace alcove::cli {

namespace {

constexpr std::uint32_t kDefaultMaxTokens = 512;

Json jsonOf(const std::vector<llm::ToolCall> &calls)
{
    Json list = Json::array();
    for (const llm::ToolCall &call : calls) {
        Json one;
        if (!call.id.empty())
            one["id"] = call.id;
        one["name"] = call.name;
        if (call.error.empty()) {
            one["arguments"] = Json::parse(call.arguments, nullptr, false);
        } else {
            one["arguments"] = call.arguments;
            one["error"] = call.error;
        }
        list.push_back(std::move(one));
    }
    return list;
}

Json jsonOf(const engine::SessionInfo &info, const engine::GenerationReport &report,
            const std::string &text, const std::string &reasoning,
            const std::vector<llm::Token> &tokens, std::uint64_t seed)
{
    Json json;
    json["model"] = info.name;
    json["device"] = info.deviceName;
    json["device_id"] = info.device.id();
    json["device_reason"] = info.deviceReason;
    json["warning"] = info.warning;
    json["text"] = text;
    if (!reasoning.empty())
        json["reasoning"] = reasoning;
    if (!report.toolCalls.empty())
        json["tool_calls"] = jsonOf(report.toolCalls);
    json["tokens"] = tokens;
    json["answer_tokens"] = report.answerTokens;
    json["prompt_tokens"] = report.promptTokens;
    json["stop_reason"] = engine::stopReasonName(report.reason);
    json["context_used"] = report.contextUsed;
    json["context_length"] = info.contextLength;
    json["seed"] = seed;
    json["load_seconds"] = info.loadSeconds;
    json["first_token_seconds"] = report.firstTokenSeconds;
    json["prefill_tokens_per_second"] = report.prefillTokensPerSecond();
    json["decode_tokens_per_second"] = report.decodeTokensPerSecond();
    return json;
}

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto prompt = arguments.required("--prompt");
    if (!prompt)
        return tl::unexpected(prompt.error());
    if (arguments.has("--raw") && (arguments.has("--system") || arguments.has("--chatml")))
        return usageFailure("--raw uses no chat template, so it goes with neither --system nor "
                            "--chatml.");
    const auto sampling = SamplingOptions::read(arguments, kDefaultMaxTokens);
    if (!sampling)
        return tl::unexpected(sampling.error());
    const std::vector<std::string> stopTexts = arguments.values("--stop");
    for (const std::string &stop : stopTexts) {
        if (stop.empty())
            return usageFailure("The option --stop needs a text that is not empty.");
    }
    auto loading = sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Required);
    if (!loading)
        return tl::unexpected(loading.error());
    auto opened = openSession(environment, hardwareOf(arguments), *loading);
    if (!opened)
        return tl::unexpected(opened.error());
    engine::Session &session = **opened;
    engine::GenerateOptions options = sampling->forModel(session);
    options.stopTexts = stopTexts;

    const bool json = arguments.has("--json");
    std::string text;
    std::string reasoning;
    std::vector<llm::Token> tokens;
    engine::GenerateHooks hooks;
    hooks.token = [&](llm::Token token) { tokens.push_back(token); };
    hooks.text = [&](std::string_view piece) {
        if (json)
            text += piece;
        else
            environment.out << piece << std::flush;
    };
    hooks.reasoning = [&](std::string_view piece) {
        reasoning += piece;
        if (!json) // a remark beside the result
            environment.err << piece << std::flush;
    };
    Result<engine::GenerationReport> report;
    if (arguments.has("--raw")) {
        report = session.continueText(*prompt, options, hooks);
    } else {
        std::vector<engine::ChatMessage> messages;
        if (const auto system = arguments.value("--system"))
            messages.push_back({engine::Role::System, *system});
        messages.push_back({engine::Role::User, *prompt});
        report = session.answer(messages,
                                arguments.has("--chatml") ? engine::TemplateFallback::ChatMl
                                                          : engine::TemplateFallback::Refuse,
                                options, hooks);
    }
    if (!report) {
        if (report.error().code == ErrorCode::TemplateFailed)
            return failure(report.error().message
                           + " With --chatml the common ChatML format is used instead.");
        return failure(report.error());
    }
    if (json)
        printJson(environment.out,
                  jsonOf(session.info(), *report, text, reasoning, tokens, options.sampling.seed));
    else {
        environment.out << "\n";
        for (const llm::ToolCall &call : report->toolCalls)
            environment.err << "Tool call: " << call.name << " " << call.arguments
                            << (call.error.empty() ? "" : " (" + call.error + ")") << "\n";
    }
    return {};
}

} // namespace

const Command &generateCommand()
{
    static const Command command = [] {
        Command made{{"generate",
                      "answers one prompt",
                      {"MODEL"},
                      {{"--prompt", "TEXT", "what the user says"},
                       {"--system", "TEXT", "what the model is told before"},
                       {"--raw", "", "continues the prompt as it stands, without a chat template"},
                       {"--chatml", "", "uses the ChatML format instead of the model's template"},
                       {"--stop", "TEXT", "ends the answer before this text; may be given again",
                        OptionSpec::Times::Any},
                       {"--json", "", "the answer and its figures as JSON"}}},
                     run};
        for (const OptionSpec &option : samplingOptionSpecs())
            made.spec.options.push_back(option);
        return made;
    }();
    return command;
}

} // namespace alcove::cli
