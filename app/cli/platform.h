// Platform: what the command line needs of the operating system.
// Main thread; the interrupt state is the process's own, so one InterruptWatch at a time.
#pragma once

#include "core/base/cancellation.h"

#include <optional>
#include <string>
#include <vector>

namespace alcove::cli {

// The arguments after the program's name as UTF-8, whatever the system's code page is.
std::vector<std::string> commandLineArguments(int argc, char **argv);

// UTF-8 on the console and untranslated bytes on redirected streams (Windows; nothing elsewhere).
void prepareStandardStreams();

bool standardInputIsTerminal();

// While it lives, Ctrl+C does not end the program: it cancels the armed token, and ends a
// readLine().
class InterruptWatch
{
public:
    InterruptWatch();
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch &) = delete;
    InterruptWatch &operator=(const InterruptWatch &) = delete;

    // From now on Ctrl+C cancels `cancel` (which outlives the arming).
    void arm(const CancelToken &cancel);
    void disarm();

    enum class LineEnd { Line, Interrupted, EndOfInput };
    // Reads a line of standard input, without its line feed.
    LineEnd readLine(std::string &line);

private:
    std::string m_buffered; // read, but not asked for yet
};

} // namespace alcove::cli
