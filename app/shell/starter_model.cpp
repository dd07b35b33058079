#include "app/shell/starter_model.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>

namespace alcove::shell {

namespace {

constexpr int kMaxLevelsUp = 4; // from build/release/bin to the source tree

} // namespace

QString starterModelPath()
{
    const QString chosen = qEnvironmentVariable("ALCOVE_STARTER_MODEL");
    if (!chosen.isEmpty())
        return QFileInfo(chosen).isFile() ? QFileInfo(chosen).absoluteFilePath() : QString();
    const QString name = QStringLiteral("starter-q8_0.gguf");
    QDir folder(QCoreApplication::applicationDirPath());
    QStringList places = {folder.filePath(QStringLiteral("models/") + name),
                          folder.filePath(QStringLiteral("../share/alcove/models/") + name),
                          folder.filePath(QStringLiteral("../Resources/models/") + name)};
    for (int level = 0; level < kMaxLevelsUp && folder.cdUp(); ++level)
        places.append(folder.filePath(QStringLiteral("resources/models/") + name));
    for (const QString &place : std::as_const(places)) {
        if (QFileInfo(place).isFile())
            return QFileInfo(place).canonicalFilePath();
    }
    return {};
}

} // namespace alcove::shell
