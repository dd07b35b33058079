// Vectors for passages: the loop between the index and an embedding model.
//
// Used by the thread of the index. An EmbeddingModel opens its file when it is first needed, on the
// thread that needs it, and is used by that thread alone.
#pragma once

#include "core/base/cancellation.h"
#include "core/documents/document_index.h"
#include "core/engine/session.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace alcove::documents {

// As many results as texts; each text fails by itself.
using EmbedMany =
    std::function<std::vector<Result<std::vector<float>>>(std::span<const std::string> texts)>;

// Gives vectors to the next passages that have none of `model`, at most so many; how many there
// were, 0: all have one. A passage that is longer than the model reads is embedded by its
// beginning. The errors of the index, of the model, and Cancelled.
Result<std::size_t> embedPassages(DocumentIndex &index, const QString &model, int most,
                                  const EmbedMany &embed);

class EmbeddingModel
{
public:
    // `path`: of a GGUF file. `cacheFolder`: where compiled Vulkan pipelines are kept; may be
    // empty.
    EmbeddingModel(QString path, std::string cacheFolder)
        : m_path(std::move(path)), m_cacheFolder(std::move(cacheFolder))
    { }

    const QString &path() const { return m_path; }

    // NotFound (the file is gone), the errors of a load, those of Session::embed.
    std::vector<Result<std::vector<float>>> embed(std::span<const std::string> texts,
                                                  const CancelToken &cancel = {});

private:
    Result<> open();

    QString m_path;
    std::string m_cacheFolder;
    std::unique_ptr<engine::Session> m_session;
};

} // namespace alcove::documents
