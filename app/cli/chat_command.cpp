#include "app/cli/command.h"
#include "app/cli/model_options.h"
#include "app/cli/platform.h"
#include "app/cli/sampling_options.h"

namespace alcove::cli {

namespace {

class Chat
{
public:
    Chat(const Environment &environment, engine::Session &session,
         const engine::GenerateOptions &options)
        : m_environment(environment), m_session(session), m_options(options)
    {
        if (const auto system = environment.arguments.value("--system"))
            m_messages.push_back({engine::Role::System, *system});
        // Who fixed the seed wants the same text again, whatever the cache holds.
        m_options.shift = environment.arguments.value("--seed") ? engine::ContextShift::Never
                                                                : engine::ContextShift::Allow;
        if (environment.arguments.has("--chatml"))
            m_fallback = engine::TemplateFallback::ChatMl;
    }

    void run()
    {
        bool warned = false; // that one more Ctrl+C leaves
        std::string line;
        for (;;) {
            if (standardInputIsTerminal())
                m_environment.out << "> " << std::flush;
            switch (m_interrupts.readLine(line)) {
            case InterruptWatch::LineEnd::EndOfInput:
                m_environment.out << (standardInputIsTerminal() ? "\n" : "") << std::flush;
                return;
            case InterruptWatch::LineEnd::Interrupted:
                m_environment.err << std::endl;
                if (warned)
                    return;
                warned = true;
                m_environment.err << "Press Ctrl+C once more to leave." << std::endl;
                continue;
            case InterruptWatch::LineEnd::Line:
                break;
            }
            warned = false;
            if (line.find_first_not_of(" \t") != std::string::npos)
                reply(line);
        }
    }

private:
    void reply(const std::string &text)
    {
        m_messages.push_back({engine::Role::User, text});
        std::string answer;
        auto report = generate(answer);
        if (!report && report.error().code == ErrorCode::TemplateFailed
            && m_fallback == engine::TemplateFallback::Refuse && agreesToChatMl(report.error())) {
            m_fallback = engine::TemplateFallback::ChatMl;
            report = generate(answer);
        }
        m_environment.out << "\n" << std::flush;
        if (!report) {
            m_environment.err << report.error().message << std::endl;
            m_messages.pop_back(); // the conversation stays as it was
            return;
        }
        m_messages.push_back({engine::Role::Assistant, answer});
        if (report->droppedMessages > 0)
            m_environment.err << "The context is full: the oldest " << report->droppedMessages
                              << " messages were left out." << std::endl;
        if (report->reason == engine::StopReason::ContextFull)
            m_environment.err << "The context is full: the answer ends here." << std::endl;
        if (report->reason == engine::StopReason::Stopped)
            m_environment.err << "(stopped)" << std::endl;
    }

    Result<engine::GenerationReport> generate(std::string &answer)
    {
        engine::GenerateHooks hooks;
        hooks.text = [&](std::string_view piece) {
            answer += piece;
            m_environment.out << piece << std::flush;
        };
        const CancelToken cancel; // outlives the arming
        hooks.cancel = cancel;
        m_interrupts.arm(cancel);
        auto report = m_session.answer(m_messages, m_fallback, m_options, hooks);
        m_interrupts.disarm();
        return report;
    }

    bool agreesToChatMl(const Error &error)
    {
        m_environment.err << error.message
                          << "\nUse the common ChatML format instead? Answers may be worse. [y/N] "
                          << std::flush;
        std::string line;
        return m_interrupts.readLine(line) == InterruptWatch::LineEnd::Line
            && (line == "y" || line == "Y" || line == "yes");
    }

    const Environment &m_environment;
    engine::Session &m_session;
    engine::GenerateOptions m_options;
    engine::TemplateFallback m_fallback = engine::TemplateFallback::Refuse;
    std::vector<engine::ChatMessage> m_messages;
    InterruptWatch m_interrupts;
};

Outcome run(const Environment &environment)
{
    const Arguments &arguments = environment.arguments;
    const auto sampling = SamplingOptions::read(arguments, 0);
    if (!sampling)
        return tl::unexpected(sampling.error());
    auto loading = sessionOptions(arguments, arguments.positional(0), engine::Vocabulary::Required);
    if (!loading)
        return tl::unexpected(loading.error());
    auto session = openSession(environment, hardwareOf(arguments), *loading);
    if (!session)
        return tl::unexpected(session.error());
    const engine::SessionInfo &info = (*session)->info();
    environment.err << info.name << ". " << info.deviceReason
                    << " Ctrl+C stops an answer; Ctrl+C twice or the end of input leaves."
                    << std::endl;
    Chat(environment, **session, sampling->forModel(**session)).run();
    return {};
}

} // namespace

const Command &chatCommand()
{
    static const Command command = [] {
        Command made{{"chat",
                      "a conversation in the terminal, a message a line",
                      {"MODEL"},
                      {{"--system", "TEXT", "what the model is told before"},
                       {"--chatml", "", "uses the ChatML format instead of the model's template"}}},
                     run};
        for (const OptionSpec &option : samplingOptionSpecs())
            made.spec.options.push_back(option);
        return made;
    }();
    return command;
}

} // namespace alcove::cli
