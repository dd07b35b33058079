// AnswerParser: takes a model's output apart while it streams, into reasoning, answer and tool
// calls.
//
// Gives text on as soon as it is certain: held back is only what could still become a marker, white
// space that may stand around one, and the inside of a tool call. Every byte ends in the reasoning,
// in the answer, in a call, or is a marker or white space beside one. A format without markers
// gives every text on at once, unchanged. One stream, one thread; nothing fails.
#pragma once

#include "core/llm/answer_format.h"
#include "core/llm/tool_call.h"

#include <string>
#include <string_view>
#include <vector>

namespace alcove::llm {

class AnswerParser
{
public:
    struct Pieces {
        std::string reasoning;
        std::string answer;
    };

    AnswerParser(AnswerFormat format, AnswerStart start);
    // Views into itself.
    AnswerParser(const AnswerParser &) = delete;
    AnswerParser &operator=(const AnswerParser &) = delete;

    // Text of the model; special tokens that AnswerFormat::isMarker() names spelled out.
    Pieces append(std::string_view text);
    Pieces finish(); // what was held back; nothing may be appended after it

    const AnswerFormat &format() const { return m_format; }
    // Whether what comes next belongs to the answer.
    bool answering() const { return m_state == State::Answer || m_state == State::BareCall; }
    // The calls that are complete so far, in order.
    const std::vector<ToolCall> &toolCalls() const { return m_calls; }

private:
    enum class State { Answer, Reasoning, Tool, Header, BareCall };
    struct Marker {
        enum class Kind {
            OpenReasoning,
            CloseReasoning,
            OpenTool,
            CloseTool,
            Drop,
            Header, // begins one
            Message, // ends a header
            EndMessage,
        };
        std::string_view text; // of m_format, or constant
        Kind kind = Kind::Drop;
        std::size_t block = 0;
    };

    // How far a bare call's JSON has come; kept, so that each byte is looked at once.
    struct BareCall {
        std::size_t begin = 0; // of the JSON in m_inner
        std::size_t end = 0; // of what is no white space behind it
        std::size_t closed = 0; // behind the bracket that closes the first value; 0: none yet
        int depth = 0;
        bool quoted = false;
        bool escaped = false;
        bool judged = false; // whether the whole value is a call has been asked
    };

    void collectMarkers();
    void take(const Marker &marker, Pieces &out);
    enum class More { Comes, IsOver };
    void scan(More more, Pieces &out);
    // False when all of the state's text turned out to be something else: it is in m_givenBack.
    bool put(std::string_view text, Pieces &out);
    void giveBack(std::string text);
    void enter(State state);
    void readHeader(Pieces &out);
    void closeTool();
    void beginBareCall();
    bool couldBeBareCall(std::string_view added);

    AnswerFormat m_format;
    State m_state = State::Answer;
    std::vector<Marker> m_markers; // that count in this state
    std::string m_pending; // not yet known whether a marker
    std::string m_inner; // of a tool call or a header
    std::string m_givenBack; // to be looked through again
    std::string m_headerMark; // of the model's own that begins the header; empty: the prompt's
    std::string m_spaces; // at the end of the reasoning or of the answer before a block
    bool m_trimsStart = false; // white space after a marker is left out
    std::size_t m_block = 0; // the open tool block
    std::string m_recipient; // of the harmony call or Functionary's header
    bool m_answerBegun = false;
    BareCall m_bareCall;
    std::vector<ToolCall> m_calls;
};

// The text of the next token as AnswerParser takes it, of whole characters: a control token stands
// for no text, but is spelled where it may be one of the marks by which the text is parted.
std::string parserText(StreamDecoder &decoder, const Tokenizer &tokenizer,
                       const AnswerFormat &format, Token token);

} // namespace alcove::llm
