#include "app/cli/platform.h"

#include <algorithm>
#include <atomic>

#ifdef _WIN32
#include <cstdio>
#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h, which it needs.
#include <shellapi.h>
#else
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/select.h>
#include <unistd.h>
#endif

namespace alcove::cli {

namespace {

// A handler of Ctrl+C has no other way to reach anything. It only stores a flag through the token.
std::atomic<const CancelToken *> armedToken{nullptr};

void cancelArmed()
{
    if (const CancelToken *token = armedToken.load())
        token->cancel();
}

// Takes a line off the front of `buffered`; false when it holds none yet.
bool takeLine(std::string &buffered, std::string &line)
{
    const std::size_t end = buffered.find('\n');
    if (end == std::string::npos)
        return false;
    line = buffered.substr(0, end);
    if (!line.empty() && line.back() == '\r')
        line.pop_back();
    buffered.erase(0, end + 1);
    return true;
}

} // namespace

void InterruptWatch::arm(const CancelToken &cancel)
{
    armedToken.store(&cancel);
}

void InterruptWatch::disarm()
{
    armedToken.store(nullptr);
}

#ifdef _WIN32

namespace {

std::atomic<bool> interrupted{false};

BOOL WINAPI onConsoleEvent(DWORD event)
{
    if (event != CTRL_C_EVENT)
        return FALSE;
    interrupted.store(true);
    cancelArmed();
    return TRUE;
}

std::string toUtf8(const wchar_t *wide)
{
    const int bytes = WideCharToMultiByte(CP_UTF8, 0, wide, -1, nullptr, 0, nullptr, nullptr);
    if (bytes <= 1)
        return {};
    std::string text(std::size_t(bytes), '\0');
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text.data(), bytes, nullptr, nullptr);
    text.pop_back(); // the terminator
    return text;
}

} // namespace

std::vector<std::string> commandLineArguments(int, char **)
{
    std::vector<std::string> words;
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    for (int i = 1; wide && i < count; ++i)
        words.push_back(toUtf8(wide[i]));
    LocalFree(wide);
    return words;
}

void prepareStandardStreams()
{
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
}

bool standardInputIsTerminal()
{
    return _isatty(_fileno(stdin)) != 0;
}

InterruptWatch::InterruptWatch()
{
    SetConsoleCtrlHandler(onConsoleEvent, TRUE);
}

InterruptWatch::~InterruptWatch()
{
    SetConsoleCtrlHandler(onConsoleEvent, FALSE);
    disarm();
}

InterruptWatch::LineEnd InterruptWatch::readLine(std::string &line)
{
    interrupted.store(false);
    while (!takeLine(m_buffered, line)) {
        char bytes[4096];
        DWORD count = 0;
        const HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
        const BOOL read = ReadFile(input, bytes, sizeof(bytes), &count, nullptr);
        // Ctrl+C makes a console's read return early, with nothing.
        if ((!read || count == 0) && interrupted.exchange(false))
            return LineEnd::Interrupted;
        if (!read || count == 0) {
            line = m_buffered;
            m_buffered.clear();
            return line.empty() ? LineEnd::EndOfInput : LineEnd::Line;
        }
        m_buffered.append(bytes, count);
    }
    return LineEnd::Line;
}

#else

namespace {

// The handler's way to wake a waiting select(): a flag alone could be set just before the wait.
int wakePipe[2] = {-1, -1};
struct sigaction previousAction;

extern "C" void alcoveOnInterrupt(int)
{
    const int saved = errno;
    cancelArmed();
    const char byte = 0;
    // A full pipe already wakes; there is nothing else to do about a failure here.
    [[maybe_unused]] const auto written = ::write(wakePipe[1], &byte, 1);
    errno = saved;
}

// Whether Ctrl+C came since the last call.
bool takeInterrupts()
{
    char bytes[64];
    bool any = false;
    while (::read(wakePipe[0], bytes, sizeof(bytes)) > 0)
        any = true;
    return any;
}

} // namespace

std::vector<std::string> commandLineArguments(int argc, char **argv)
{
    return {argv + (argc > 0 ? 1 : 0), argv + argc};
}

void prepareStandardStreams() { }

bool standardInputIsTerminal()
{
    return isatty(STDIN_FILENO) != 0;
}

InterruptWatch::InterruptWatch()
{
    if (::pipe(wakePipe) != 0) {
        wakePipe[0] = wakePipe[1] = -1;
        return; // Ctrl+C keeps its usual meaning
    }
    for (const int end : wakePipe) {
        ::fcntl(end, F_SETFL, O_NONBLOCK);
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
    }
    struct sigaction action { };
    action.sa_handler = alcoveOnInterrupt;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART; // only select() is to notice
    sigaction(SIGINT, &action, &previousAction);
}

InterruptWatch::~InterruptWatch()
{
    if (wakePipe[0] < 0)
        return;
    sigaction(SIGINT, &previousAction, nullptr);
    disarm();
    ::close(wakePipe[0]);
    ::close(wakePipe[1]);
    wakePipe[0] = wakePipe[1] = -1;
}

InterruptWatch::LineEnd InterruptWatch::readLine(std::string &line)
{
    takeInterrupts(); // those that stopped an answer
    while (!takeLine(m_buffered, line)) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(STDIN_FILENO, &readable);
        if (wakePipe[0] >= 0)
            FD_SET(wakePipe[0], &readable);
        const int ready =
            ::select(std::max(STDIN_FILENO, wakePipe[0]) + 1, &readable, nullptr, nullptr, nullptr);
        if (wakePipe[0] >= 0 && takeInterrupts())
            return LineEnd::Interrupted;
        if (ready < 0 || !FD_ISSET(STDIN_FILENO, &readable)) {
            if (ready < 0 && errno != EINTR)
                return LineEnd::EndOfInput;
            continue;
        }
        char bytes[4096];
        const auto count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
        if (count <= 0) {
            if (count < 0 && errno == EINTR)
                continue;
            line = std::move(m_buffered);
            m_buffered.clear();
            return line.empty() ? LineEnd::EndOfInput : LineEnd::Line;
        }
        m_buffered.append(bytes, std::size_t(count));
    }
    return LineEnd::Line;
}

#endif

} // namespace alcove::cli
