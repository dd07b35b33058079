#include "core/engine/prompt_builder.h"

#include "core/llm/prompt_text.h"

#include <algorithm>

namespace alcove::engine {

namespace {

constexpr const char *kChatMlEnder = "<|im_end|>";

std::string spellingOrNothing(const llm::Tokenizer &tokenizer, std::optional<llm::Token> token)
{
    return token ? tokenizer.spelling(*token) : std::string();
}

// Where the conversation can be cut: the message that each turn begins with, oldest first. A turn
// is a user's message with all that follows it up to the next one, so that no answer stays without
// its question. What stands before the first user's message belongs to the first turn.
std::vector<std::size_t> turnStarts(std::span<const ChatMessage> messages, std::size_t pinned)
{
    std::vector<std::size_t> starts{pinned};
    bool userSeen = false;
    for (std::size_t i = pinned; i < messages.size(); ++i) {
        if (messages[i].role != Role::User)
            continue;
        if (userSeen)
            starts.push_back(i);
        userSeen = true;
    }
    return starts;
}

// Whether the vocabulary has ChatML's ender as one token that ends an answer.
bool knowsChatMlEnder(const llm::Tokenizer &tokenizer)
{
    const auto ids = tokenizer.encode(kChatMlEnder, llm::AddSpecial::No, llm::ParseSpecial::Yes);
    return ids.size() == 1 && tokenizer.endsGeneration(ids.front());
}

} // namespace

std::uint32_t answerRoom(std::uint32_t capacity, std::uint32_t maxTokens)
{
    const std::uint32_t room = std::min(512u, capacity / 4);
    return maxTokens > 0 ? std::min(room, maxTokens) : room;
}

PromptBuilder::PromptBuilder(const llm::GgufFile &file,
                             std::shared_ptr<const llm::Tokenizer> tokenizer)
    : m_tokenizer(std::move(tokenizer))
{
    const auto source = file.string("tokenizer.chat_template");
    m_format = llm::AnswerFormat::detect(source.value_or(""), m_tokenizer.get());
    if (!source || source->empty()) {
        m_templateError = "This model brings no chat template, so it is not known how it wants a "
                          "conversation written.";
        return;
    }
    auto parsed = llm::ChatTemplate::parse(*source);
    if (parsed)
        m_template = std::move(*parsed);
    else
        m_templateError = parsed.error().message;
}

Result<PromptBuilder::Encoded> PromptBuilder::encode(std::span<const ChatMessage> messages,
                                                     std::size_t firstKept, std::size_t pinned,
                                                     const llm::ChatTemplate &chatTemplate) const
{
    llm::Json list = llm::Json::array();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i >= pinned && i < firstKept)
            continue;
        list.push_back({{"role", roleName(messages[i].role)},
                        {"content", llm::protectSpecialTokens(messages[i].text, *m_tokenizer)}});
    }
    const std::string bos = spellingOrNothing(*m_tokenizer, m_tokenizer->bos());
    llm::Json variables;
    variables["messages"] = std::move(list);
    variables["tools"] = nullptr; // as transformers passes them: defined, and none
    variables["documents"] = nullptr;
    variables["add_generation_prompt"] = true;
    variables["bos_token"] = bos;
    variables["eos_token"] = spellingOrNothing(*m_tokenizer, m_tokenizer->eos());
    auto rendered = chatTemplate.render(variables);
    if (!rendered)
        return fail(rendered.error());

    Encoded encoded;
    encoded.answerStart = m_format.startAfter(*rendered);
    std::vector<llm::Token> &tokens = encoded.tokens;
    tokens = llm::encodeRendered(*rendered, *m_tokenizer);
    // A template that does not write the beginning of text leaves it to the tokenizer; one that
    // does must not get a second one. The end of text is never added: the answer is still to come.
    if (m_tokenizer->addsBos() && m_tokenizer->bos()
        && (tokens.empty() || tokens.front() != *m_tokenizer->bos()))
        tokens.insert(tokens.begin(), *m_tokenizer->bos());
    if (tokens.empty())
        return fail(ErrorCode::TemplateFailed, "The chat template wrote nothing.");
    return encoded;
}

Result<BuiltPrompt> PromptBuilder::build(const PromptRequest &request) const
{
    const std::span<const ChatMessage> messages = request.messages;
    if (messages.empty() || messages.back().role != Role::User)
        return fail(ErrorCode::InvalidArgument,
                    "There is no message to answer: a conversation ends with the user's message.");

    std::optional<llm::ChatTemplate> chatMl;
    BuiltPrompt prompt;
    prompt.format = m_format;
    if (request.fallback == TemplateFallback::ChatMl) {
        auto parsed = llm::ChatTemplate::parse(llm::ChatTemplate::chatMl());
        if (!parsed)
            return fail(parsed.error());
        chatMl = std::move(*parsed);
        if (!knowsChatMlEnder(*m_tokenizer))
            prompt.stopText = kChatMlEnder;
    } else if (!m_template) {
        return fail(ErrorCode::TemplateFailed, m_templateError);
    }
    const llm::ChatTemplate &chatTemplate = chatMl ? *chatMl : *m_template;

    const std::size_t pinned = std::size_t(
        std::find_if(messages.begin(), messages.end(),
                     [](const ChatMessage &message) { return message.role != Role::System; })
        - messages.begin());
    const std::vector<std::size_t> starts = turnStarts(messages, pinned);
    const std::size_t kept =
        std::size_t(answerRoom(request.capacity, request.maxTokens)) + request.written;
    const std::size_t room = request.capacity > kept ? request.capacity - kept : 0;

    std::vector<llm::Token> tokens; // of the prompt that was built last
    const auto build = [&](std::size_t dropped) -> Result<std::size_t> {
        auto encoded = encode(messages, starts[dropped], pinned, chatTemplate);
        if (!encoded)
            return fail(encoded.error());
        tokens = std::move(encoded->tokens);
        prompt.answerStart = encoded->answerStart;
        return tokens.size();
    };
    const auto whole = build(0);
    if (!whole)
        return fail(whole.error());
    std::size_t dropped = 0;
    if (*whole > room) {
        const std::size_t last = starts.size() - 1;
        const auto least = build(last);
        if (!least)
            return fail(least.error());
        // Whole quarters of the context are dropped at a time. The cut then stays where it is for
        // some turns, and what follows it is found in the KV cache; a cut that moved with every
        // turn would have the whole context computed anew for each.
        const std::size_t quarter = std::max<std::size_t>(1, request.capacity / 4);
        const std::size_t excess = (*whole - room + quarter - 1) / quarter * quarter;
        const std::size_t target = *whole >= excess + *least ? *whole - excess : room;
        // By bisection: rendering is the costly part, and fewer turns make a shorter prompt.
        std::size_t low = std::min<std::size_t>(1, last);
        std::size_t high = last;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            const auto size = build(middle);
            if (!size)
                return fail(size.error());
            if (*size <= target)
                high = middle;
            else
                low = middle + 1;
        }
        dropped = low;
        if (const auto size = build(dropped); !size)
            return fail(size.error());
    }
    // The newest message alone may use the answer's room too, but for a last rest of it.
    const std::size_t rest =
        std::min({64u, request.capacity / 8, answerRoom(request.capacity, request.maxTokens)});
    if (tokens.size() + request.written + rest > request.capacity)
        return fail(ErrorCode::ContextFull,
                    "Your message has " + std::to_string(tokens.size())
                        + " tokens together with the system prompt, but the context holds "
                        + std::to_string(request.capacity)
                        + " and an answer needs some of them. Shorten the message, or choose a "
                          "longer context in the settings.");
    prompt.droppedMessages = std::uint32_t(starts[dropped] - pinned);
    prompt.tokens = std::move(tokens);
    return prompt;
}

} // namespace alcove::engine
