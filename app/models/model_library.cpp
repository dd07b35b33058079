#include "app/models/model_library.h"

#include "core/llm/gguf_split.h"
#include "core/llm/model_spec.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QLocale>
#include <QPointer>
#include <QThreadPool>

namespace alcove::models {

namespace {

QVector<ModelFile> look(const QString &starter, const QStringList &files,
                        const QStringList &folders)
{
    QStringList paths;
    const auto add = [&](const QString &path) {
        const QString absolute = firstPartOf(QFileInfo(path).absoluteFilePath());
        if (!paths.contains(absolute))
            paths.append(absolute);
    };
    if (!starter.isEmpty())
        add(starter);
    for (const QString &file : files)
        add(file);
    for (const QString &folder : folders) {
        const QDir dir(folder);
        for (const QString &name :
             dir.entryList({QStringLiteral("*.gguf")}, QDir::Files, QDir::Name))
            add(dir.filePath(name));
    }
    QVector<ModelFile> rows;
    for (const QString &path : std::as_const(paths)) {
        ModelFile row = readModelFile(path);
        row.starter = !starter.isEmpty() && path == QFileInfo(starter).absoluteFilePath();
        rows.append(row);
    }
    return rows;
}

} // namespace

QString firstPartOf(const QString &path)
{
    const auto name = llm::SplitName::of(path.toStdString());
    if (!name || name->part == 1)
        return path;
    const QString first = QString::fromStdString(name->path(1));
    return QFileInfo(first).isFile() ? first : path;
}

ModelFile readModelFile(const QString &path)
{
    ModelFile row;
    row.path = path;
    row.name = QFileInfo(path).completeBaseName();
    const auto file = llm::GgufFile::open(path.toStdString());
    if (!file) {
        row.problem = QString::fromStdString(file.error().message);
        row.bytes = QFileInfo(path).size();
        return row;
    }
    row.bytes = qint64(file->fileBytes());
    if (const auto name = file->string("general.name"); name && !name->empty())
        row.name = QString::fromUtf8(name->data(), qsizetype(name->size())).simplified().left(120);
    if (const auto spec = llm::readModelSpec(*file); !spec)
        row.problem = QString::fromStdString(spec.error().message);
    return row;
}

ModelLibrary::ModelLibrary(const QString &starterPath, QObject *parent)
    : QAbstractListModel(parent), m_starterPath(starterPath)
{ }

void ModelLibrary::refresh(const QStringList &files, const QStringList &folders)
{
    const quint64 generation = ++m_generation;
    QThreadPool::globalInstance()->start(
        [generation, starter = m_starterPath, files, folders, self = QPointer<ModelLibrary>(this)] {
            const QVector<ModelFile> rows = look(starter, files, folders);
            if (QObject *context = QCoreApplication::instance())
                QMetaObject::invokeMethod(
                    context,
                    [generation, rows, self] {
                        if (self && self->m_generation == generation)
                            self->show(rows);
                    },
                    Qt::QueuedConnection);
        });
}

void ModelLibrary::show(const QVector<ModelFile> &rows)
{
    if (rows != m_rows) {
        beginResetModel();
        m_rows = rows;
        endResetModel();
        emit countChanged();
    }
    emit refreshed();
}

void ModelLibrary::setCurrent(const QString &path)
{
    if (path == m_current)
        return;
    m_current = path;
    if (!m_rows.isEmpty())
        emit dataChanged(index(0), index(rowCount() - 1), {CurrentRole});
}

int ModelLibrary::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant ModelLibrary::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ModelFile &row = m_rows[index.row()];
    switch (role) {
    case PathRole:
        return row.path;
    case NameRole:
        return row.name;
    case FileNameRole:
        return QFileInfo(row.path).fileName();
    case SizeTextRole:
        return row.bytes > 0 ? QLocale().formattedDataSize(row.bytes, 1, QLocale::DataSizeSIFormat)
                             : QString();
    case CurrentRole:
        return row.path == m_current;
    case StarterRole:
        return row.starter;
    case ProblemRole:
        return row.problem;
    default:
        return {};
    }
}

QHash<int, QByteArray> ModelLibrary::roleNames() const
{
    return {{PathRole, "path"},         {NameRole, "name"},       {FileNameRole, "fileName"},
            {SizeTextRole, "sizeText"}, {CurrentRole, "current"}, {StarterRole, "starter"},
            {ProblemRole, "problem"}};
}

} // namespace alcove::models
