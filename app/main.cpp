// The window's program: builds every part once, gives each what it needs, and shows the window.

#include "app/chat/chat_documents.h"
#include "app/chat/chat_list_model.h"
#include "app/chat/chat_view_model.h"
#include "app/documents/documents_view_model.h"
#include "app/documents/source_view_model.h"
#include "app/models/model_view_model.h"
#include "app/settings/settings_view_model.h"
#include "app/shell/activity_log.h"
#include "app/shell/network_guard.h"
#include "app/shell/shell_view_model.h"
#include "app/shell/starter_model.h"
#include "app/shell/window_placement.h"
#include "core/chat/chat_service.h"
#include "core/documents/document_service.h"
#include "core/engine/inference_engine.h"
#include "core/engine/scripted_engine.h"
#include "core/log/log.h"
#include "core/storage/data_folder.h"
#include "core/storage/settings.h"
#include "core/storage/storage_thread.h"

#include <QCommandLineParser>
#include <QFileInfo>
#include <QGuiApplication>
#include <QIcon>
#include <QLibraryInfo>
#include <QLocale>
#include <QQmlApplicationEngine>
#include <QQuickStyle>
#include <QQuickWindow>
#include <QTemporaryDir>
#include <QTimer>
#include <QTranslator>
#include <QtQml/qqmlextensionplugin.h>

#include <spdlog/spdlog.h>

#include <cstdio>
#include <optional>

Q_IMPORT_QML_PLUGIN(Alcove_ThemePlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ControlsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ChatPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_DocumentsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ModelsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_SettingsPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_HelpPlugin)
Q_IMPORT_QML_PLUGIN(Alcove_ShellPlugin)

using namespace alcove;

namespace {

// A slider that is being dragged changes its setting many times.
constexpr int kReloadDelayMs = 700;

// The log is the last to go: what the other parts say while they end is still written.
struct LogKeeper {
    explicit LogKeeper(const QString &path)
    {
        log::Options options;
        options.path = path;
        if (auto started = log::start(options); !started)
            std::fprintf(stderr, "alcove: %s\n", started.error().message.c_str());
    }
    ~LogKeeper() { log::stop(); }
    LogKeeper(const LogKeeper &) = delete;
    LogKeeper &operator=(const LogKeeper &) = delete;
};

int refuse(const Error &error)
{
    std::fprintf(stderr, "alcove: %s\n", error.message.c_str());
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    QGuiApplication app(argc, argv);
    QGuiApplication::setApplicationName(QStringLiteral("alcove"));
    QGuiApplication::setApplicationDisplayName(QStringLiteral("Alcove"));
    QGuiApplication::setApplicationVersion(QStringLiteral(ALCOVE_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("alcove"));
    QGuiApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/alcove.svg")));
    QQuickStyle::setStyle(QStringLiteral("Basic"));
    // The texts are English already; this brings the plural forms.
    QTranslator english;
    if (english.load(QStringLiteral(":/translations/alcove_en.qm")))
        QGuiApplication::installTranslator(&english);

    QCommandLineParser arguments;
    arguments.setApplicationDescription(
        QStringLiteral("Chat with a language model on your own machine."));
    arguments.addHelpOption();
    arguments.addVersionOption();
    const QCommandLineOption demo(
        QStringLiteral("demo"),
        QStringLiteral("Try the window with answers written in advance; nothing is kept."));
    const QCommandLineOption dataDir(
        QStringLiteral("data-dir"), QStringLiteral("Keep chats, settings and logs in this folder."),
        QStringLiteral("folder"));
    arguments.addOptions({demo, dataDir});
    arguments.addPositionalArgument(QStringLiteral("model"),
                                    QStringLiteral("A model file to open."),
                                    QStringLiteral("[model.gguf]"));
    arguments.process(app);

    const bool demoMode = arguments.isSet(demo);
    std::optional<QTemporaryDir> temporary;
    QString chosenFolder = arguments.value(dataDir);
    if (demoMode && chosenFolder.isEmpty()) {
        temporary.emplace();
        chosenFolder = temporary->path();
    }
    auto folder = storage::DataFolder::open(chosenFolder);
    if (!folder)
        return refuse(folder.error());
    const LogKeeper keeper(folder->logPath());
    spdlog::info("Alcove {} begins, with Qt {}", ALCOVE_VERSION, qVersion());

    auto storage = storage::StorageThread::open(folder->databasePath());
    if (!storage)
        return refuse(storage.error());
    storage::Settings settings(**storage);

    std::unique_ptr<engine::ChatEngine> engine;
    if (demoMode)
        engine = std::make_unique<engine::ScriptedEngine>();
    else
        engine =
            std::make_unique<engine::InferenceEngine>(folder->path() + QStringLiteral("/cache"));

    auto documents = documents::DocumentService::open(
        folder->databasePath(),
        documents::DocumentReader(documents::DocumentReader::programBeside()));
    if (!documents)
        return refuse(documents.error());
    chat::ChatService service(**storage, *engine, documents->get());
    const shell::ActivityLog activity(*engine, service);
    models::ModelViewModel models(*engine, settings, shell::starterModelPath());
    chatui::ChatListModel chats(service);
    chatui::ChatViewModel chat(service, models, settings);
    documentsui::DocumentsViewModel library(**documents, settings,
                                            folder->path() + QStringLiteral("/cache"));
    documentsui::SourceViewModel source(**documents);
    chatui::ChatDocuments chatDocuments(service, chat, library);
    settings::SettingsViewModel choices(settings, folder->path());
    shell::ShellViewModel shell(settings,
                                demoMode ? shell::ShellViewModel::Mode::Demo
                                         : shell::ShellViewModel::Mode::Normal);
    if (!(*storage)->notice().isEmpty())
        shell.setNotice((*storage)->notice());

    QTimer reload;
    reload.setSingleShot(true);
    reload.setInterval(kReloadDelayMs);
    QObject::connect(&choices, &settings::SettingsViewModel::loadSettingsChanged, &reload,
                     qOverload<>(&QTimer::start));
    QObject::connect(&reload, &QTimer::timeout, &models, [&] {
        // An answer that is being written is not cut off for a setting; it is looked at again
        // later.
        if (service.answeringChat() == chat::kNoId)
            models.reload();
        else
            reload.start();
    });

    QQmlApplicationEngine qml;
    shell::NetworkGuard guard;
    qml.setNetworkAccessManagerFactory(&guard);
    qml.addImportPath(QStringLiteral("qrc:/qt/qml"));
    qml.setInitialProperties({
        {QStringLiteral("shell"), QVariant::fromValue(&shell)},
        {QStringLiteral("chat"), QVariant::fromValue(&chat)},
        {QStringLiteral("chats"), QVariant::fromValue(&chats)},
        {QStringLiteral("documents"), QVariant::fromValue(&library)},
        {QStringLiteral("source"), QVariant::fromValue(&source)},
        {QStringLiteral("chatDocuments"), QVariant::fromValue(&chatDocuments)},
        {QStringLiteral("models"), QVariant::fromValue(&models)},
        {QStringLiteral("settings"), QVariant::fromValue(&choices)},
    });
    qml.load(QUrl(QStringLiteral("qrc:/qt/qml/Alcove/Shell/Main.qml")));
    if (qml.rootObjects().isEmpty())
        return refuse({ErrorCode::Internal, "The window could not be made; the log says why.", {}});
    auto *window = qobject_cast<QQuickWindow *>(qml.rootObjects().constFirst());
    shell::WindowPlacement placement(*window, settings);
    window->show();

    service.listChats();
    (*documents)->start();
    const QStringList files = arguments.positionalArguments();
    if (files.isEmpty()
        || !models.chooseFile(QUrl::fromLocalFile(QFileInfo(files.first()).absoluteFilePath())))
        models.restore();
    return QGuiApplication::exec();
}
