#include "core/llm/answer_parser.h"

#include "core/llm/loose_literal.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace alcove::llm {

namespace {

using Headers = AnswerFormat::Headers;
constexpr std::size_t kNone = std::string_view::npos;

bool startsWith(std::string_view text, std::string_view start)
{
    return text.substr(0, start.size()) == start;
}

// Whether one begins with the other: `text` is such a beginning, or may still become it.
bool couldStartWith(std::string_view text, std::string_view start)
{
    return startsWith(text, start) || startsWith(start, text);
}

std::size_t spacesAtEnd(std::string_view text)
{
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return text.size() - (last == kNone ? 0 : last + 1);
}

// What gpt-oss writes between two messages.
bool couldBeHarmonyHeader(std::string_view text)
{
    constexpr std::string_view kBeginnings[] = {"<|start|>", "<|channel|>", "<|constrain|>",
                                                " to=", "assistant"};
    return std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                       [text](std::string_view one) { return couldStartWith(text, one); });
}

bool isToolName(std::string_view text)
{
    std::string_view rest = text;
    return !takeName(rest).empty() && rest.empty();
}

// The word that follows `before` in a header.
std::string_view wordAfter(std::string_view header, std::string_view before)
{
    const std::size_t at = header.find(before);
    if (at == kNone)
        return {};
    header.remove_prefix(at + before.size());
    return header.substr(0, header.find_first_of(" <\n"));
}

} // namespace

AnswerParser::AnswerParser(AnswerFormat format, AnswerStart start) : m_format(std::move(format))
{
    switch (start) {
    case AnswerStart::Answer:
        break;
    case AnswerStart::Reasoning:
        m_state = State::Reasoning;
        m_trimsStart = true;
        break;
    case AnswerStart::Header:
        m_state = State::Header;
        break;
    }
    collectMarkers();
}

void AnswerParser::collectMarkers()
{
    using Kind = Marker::Kind;
    m_markers.clear();
    const auto add = [this](std::string_view text, Kind kind, std::size_t block = 0) {
        if (!text.empty())
            m_markers.push_back({text, kind, block});
    };
    switch (m_format.headers) {
    case Headers::Harmony:
        if (m_state == State::Header)
            add("<|message|>", Kind::Message);
        else
            add("<|channel|>", Kind::Header);
        for (const char *end : {"<|end|>", "<|return|>", "<|call|>"})
            add(end, Kind::EndMessage);
        add("<|start|>", Kind::Header);
        return;
    case Headers::Recipients:
        add(m_state == State::Header ? "\n" : ">>>",
            m_state == State::Header ? Kind::Message : Kind::Header);
        return;
    case Headers::None:
        break;
    }
    switch (m_state) {
    case State::Answer:
        for (std::size_t i = 0; i < m_format.reasoning.size(); ++i) {
            add(m_format.reasoning[i].open, Kind::OpenReasoning, i);
            add(m_format.reasoning[i].close, Kind::Drop);
        }
        for (std::size_t i = 0; i < m_format.tools.size(); ++i)
            add(m_format.tools[i].open, Kind::OpenTool, i);
        for (const std::string &marker : m_format.dropped)
            add(marker, Kind::Drop);
        break;
    case State::Reasoning:
        for (const AnswerFormat::Block &block : m_format.reasoning)
            add(block.close, Kind::CloseReasoning);
        break;
    case State::Tool:
        if (m_format.tools[m_block].close.empty())
            add(m_format.tools[m_block].open, Kind::OpenTool, m_block);
        else
            add(m_format.tools[m_block].close, Kind::CloseTool);
        break;
    case State::Header:
    case State::BareCall:
        break;
    }
}

AnswerParser::Pieces AnswerParser::append(std::string_view text)
{
    Pieces out;
    if (m_format.isPlain()) {
        out.answer = text;
        return out;
    }
    m_pending += text;
    scan(More::Comes, out);
    return out;
}

AnswerParser::Pieces AnswerParser::finish()
{
    Pieces out;
    scan(More::IsOver, out);
    if (m_state == State::BareCall) {
        std::vector<ToolCall> calls = readBareToolCalls(m_inner);
        if (calls.empty()) {
            giveBack(std::exchange(m_inner, {}));
            m_pending = std::exchange(m_givenBack, {});
            scan(More::IsOver, out);
        }
        std::move(calls.begin(), calls.end(), std::back_inserter(m_calls));
    }
    switch (m_state) {
    case State::Tool:
        closeTool();
        break;
    case State::Header:
        // The beginning of a header is a marker; anything else is the model's word.
        if (m_format.headers == Headers::Recipients)
            out.answer += std::exchange(m_spaces, {}) + m_headerMark + std::exchange(m_inner, {});
        else if (!startsWith(m_inner, "<|"))
            out.answer += std::exchange(m_inner, {});
        break;
    case State::BareCall:
        break;
    case State::Reasoning:
        out.reasoning += std::exchange(m_spaces, {});
        break;
    case State::Answer:
        out.answer += std::exchange(m_spaces, {});
        break;
    }
    return out;
}

void AnswerParser::scan(More more, Pieces &out)
{
    for (;;) {
        std::size_t at = kNone;
        Marker found;
        for (const Marker &marker : m_markers) {
            const std::size_t here = m_pending.find(marker.text);
            if (here < at
                || (here == at && here != kNone && marker.text.size() > found.text.size())) {
                at = here;
                found = marker;
            }
        }
        if (at != kNone) {
            const std::string before = m_pending.substr(0, at);
            const State state = m_state;
            if (!put(before, out)) {
                // What it was taken for it is not: `before` is looked through again.
                m_pending.replace(0, at, std::exchange(m_givenBack, {}));
                continue;
            }
            if (m_state != state) {
                // A call's JSON may have begun, in which this is no marker.
                m_pending.erase(0, at);
                continue;
            }
            m_pending.erase(0, at + found.text.size());
            take(found, out);
            continue;
        }
        // What may be the beginning of a marker waits.
        std::size_t held = 0;
        for (const Marker &marker : m_markers) {
            if (more == More::IsOver)
                break;
            std::size_t length = std::min(m_pending.size(), marker.text.size() - 1);
            while (length > held
                   && std::string_view(m_pending).substr(m_pending.size() - length)
                       != marker.text.substr(0, length))
                --length;
            held = std::max(held, length);
        }
        const std::string certain = m_pending.substr(0, m_pending.size() - held);
        if (put(certain, out)) {
            m_pending.erase(0, certain.size());
            return;
        }
        m_pending.replace(0, certain.size(), std::exchange(m_givenBack, {}));
    }
}

// Turns from what a text was taken for to the answer that it is.
void AnswerParser::giveBack(std::string text)
{
    m_givenBack = std::move(text);
    m_state = State::Answer;
    m_trimsStart = false;
    collectMarkers();
}

void AnswerParser::enter(State state)
{
    m_state = state;
    // Whether what follows is a header is not known before its end.
    if (state != State::Header)
        m_spaces.clear();
    m_trimsStart = true;
    collectMarkers();
}

void AnswerParser::take(const Marker &marker, Pieces &out)
{
    using Kind = Marker::Kind;
    // The marker's text may be of a list that changes below.
    const Kind kind = marker.kind;
    const std::size_t block = marker.block;
    switch (kind) {
    case Kind::OpenReasoning:
        enter(State::Reasoning);
        break;
    case Kind::CloseReasoning:
        enter(State::Answer);
        break;
    case Kind::OpenTool: {
        if (m_state == State::Tool)
            closeTool();
        m_block = block;
        const AnswerFormat::Block &tool = m_format.tools[block];
        m_inner = tool.open.substr(tool.open.size() - tool.kept);
        enter(State::Tool);
        break;
    }
    case Kind::CloseTool:
        closeTool();
        enter(State::Answer);
        break;
    case Kind::Drop:
        enter(m_state);
        break;
    case Kind::Header:
    case Kind::EndMessage:
        if (m_state == State::Tool)
            closeTool();
        m_inner = marker.text == "<|channel|>" ? marker.text : std::string_view();
        m_headerMark = marker.text;
        enter(State::Header);
        break;
    case Kind::Message:
        readHeader(out);
        break;
    }
}

void AnswerParser::readHeader(Pieces &out)
{
    const std::string header = std::exchange(m_inner, {});
    if (m_format.headers == Headers::Recipients) {
        const std::string_view name = trimmed(header);
        if (name == "all") {
            enter(State::Answer);
        } else if (isToolName(name)) {
            m_recipient = name;
            enter(State::Tool);
        } else {
            // Not a header but what Python shows before its input.
            m_state = State::Answer;
            m_trimsStart = false;
            collectMarkers();
            put(m_headerMark + header + "\n", out);
        }
        return;
    }
    std::string_view recipient = wordAfter(header, "to=");
    if (startsWith(recipient, "functions."))
        recipient.remove_prefix(10);
    m_recipient = recipient;
    if (!m_recipient.empty())
        enter(State::Tool);
    else
        enter(wordAfter(header, "<|channel|>") == "analysis" ? State::Reasoning : State::Answer);
}

void AnswerParser::closeTool()
{
    std::vector<ToolCall> calls;
    if (m_recipient.empty())
        calls = readToolCalls(m_inner);
    else
        calls.push_back(namedToolCall(m_recipient, m_inner));
    std::move(calls.begin(), calls.end(), std::back_inserter(m_calls));
    m_inner.clear();
    m_recipient.clear();
}

void AnswerParser::beginBareCall()
{
    m_inner = std::exchange(m_spaces, {});
    m_state = State::BareCall;
    m_bareCall = {};
    collectMarkers();
}

bool AnswerParser::couldBeBareCall(std::string_view added)
{
    constexpr std::string_view kFirstKeys[] = {"name", "function", "type"};
    BareCall &call = m_bareCall;
    std::size_t at = m_inner.size();
    m_inner += added;
    for (; at < m_inner.size(); ++at) {
        const char c = m_inner[at];
        if (c != ' ' && (c < '\t' || c > '\r')) {
            if (call.end == 0)
                call.begin = at;
            call.end = at + 1;
        }
        if (call.quoted) {
            call.quoted = call.escaped || c != '"';
            call.escaped = !call.escaped && c == '\\';
        } else if (c == '"') {
            call.quoted = true;
        } else if (c == '{' || c == '[') {
            ++call.depth;
        } else if ((c == '}' || c == ']') && --call.depth == 0 && call.closed == 0) {
            call.closed = at + 1;
        }
    }
    std::string_view text = std::string_view(m_inner).substr(call.begin);
    if (!startsWith(text, "{"))
        return false;
    if (call.closed == call.end && !call.judged) {
        call.judged = true;
        const std::string_view whole = text.substr(0, call.closed - call.begin);
        // Complete, and not one.
        if (readBareToolCalls(whole).empty() && parseBoundedJson(whole))
            return false;
    }
    text.remove_prefix(1);
    skipSpaces(text);
    if (text.empty())
        return true;
    if (text.front() != '"')
        return false;
    text.remove_prefix(1);
    const std::size_t end = text.find('"');
    return std::any_of(std::begin(kFirstKeys), std::end(kFirstKeys), [&](std::string_view key) {
        return end == kNone ? startsWith(key, text) : text.substr(0, end) == key;
    });
}

bool AnswerParser::put(std::string_view text, Pieces &out)
{
    if (text.empty())
        return true;
    switch (m_state) {
    case State::Tool:
        m_inner += text;
        return true;
    case State::Header:
        m_inner += text;
        if (m_format.headers != Headers::Harmony || couldBeHarmonyHeader(m_inner))
            return true;
        giveBack(std::exchange(m_inner, {}));
        return false;
    case State::BareCall:
        if (couldBeBareCall(text))
            return true;
        giveBack(std::exchange(m_inner, {}));
        return false;
    case State::Answer:
    case State::Reasoning:
        break;
    }
    if (m_trimsStart) {
        skipSpaces(text);
        if (text.empty())
            return true;
        m_trimsStart = false;
    }
    if (m_state == State::Answer && m_format.bareToolCalls && !m_answerBegun) {
        std::string_view rest = text;
        skipSpaces(rest);
        m_answerBegun = !rest.empty();
        if (startsWith(rest, "{")) {
            beginBareCall();
            return put(text, out);
        }
    }
    std::string &shown = m_state == State::Answer ? out.answer : out.reasoning;
    const std::size_t spaces = spacesAtEnd(text);
    if (spaces < text.size()) {
        shown += std::exchange(m_spaces, {});
        shown += text.substr(0, text.size() - spaces);
    }
    m_spaces += text.substr(text.size() - spaces);
    return true;
}

std::string parserText(StreamDecoder &decoder, const Tokenizer &tokenizer,
                       const AnswerFormat &format, Token token)
{
    std::string text = decoder.append(token);
    if (!text.empty() || !tokenizer.bytesOf(token).empty())
        return text;
    const std::string spelling = tokenizer.spelling(token);
    return format.isMarker(spelling) ? decoder.finish() + spelling : text;
}

} // namespace alcove::llm
