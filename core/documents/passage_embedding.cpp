#include "core/documents/passage_embedding.h"

#include "core/engine/hardware.h"

#include <QFileInfo>

namespace alcove::documents {

namespace {

// Half of a text, whole characters only.
std::string firstHalf(const std::string &text)
{
    std::size_t end = text.size() / 2;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;
    return text.substr(0, end);
}

Result<std::vector<float>> embedBeginning(std::string text, const EmbedMany &embed)
{
    for (;;) {
        text = firstHalf(text);
        if (text.empty())
            return fail(ErrorCode::ContextFull, "The embedding model reads no text at all.");
        auto results = embed({&text, 1});
        if (results.empty())
            return fail(ErrorCode::Internal, "The embedding model gave no answer.");
        if (results[0] || results[0].error().code != ErrorCode::ContextFull)
            return std::move(results[0]);
    }
}

} // namespace

Result<std::size_t> embedPassages(DocumentIndex &index, const QString &model, int most,
                                  const EmbedMany &embed)
{
    const auto passages = index.withoutVector(model, most);
    if (!passages)
        return fail(passages.error());
    if (passages->empty())
        return 0;
    std::vector<std::string> texts;
    for (const DocumentIndex::PassageToEmbed &passage : *passages)
        texts.push_back(
            (passage.heading.isEmpty() ? passage.text : passage.heading + u'\n' + passage.text)
                .toStdString());
    auto results = embed(texts);
    if (results.size() != texts.size())
        return fail(ErrorCode::Internal, "The embedding model gave too few answers.");
    std::vector<DocumentIndex::PassageVector> vectors;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (!results[i] && results[i].error().code == ErrorCode::ContextFull)
            results[i] = embedBeginning(texts[i], embed);
        if (!results[i])
            return fail(results[i].error());
        vectors.push_back({(*passages)[i].id, std::move(*results[i])});
    }
    if (auto done = index.putVectors(model, vectors); !done)
        return fail(done.error());
    return vectors.size();
}

Result<> EmbeddingModel::open()
{
    if (m_session)
        return {};
    if (!QFileInfo::exists(m_path))
        return fail(ErrorCode::NotFound,
                    "The embedding model is not there any more; documents are searched by words "
                    "alone.",
                    m_path.toStdString());
    engine::SessionOptions options;
    options.modelPath = m_path.toStdString();
    options.vocabulary = engine::Vocabulary::Required;
    auto session = engine::Session::open(engine::Hardware::ofThisMachine(m_cacheFolder), options);
    if (!session)
        return fail(session.error());
    m_session = std::move(*session);
    return {};
}

std::vector<Result<std::vector<float>>> EmbeddingModel::embed(std::span<const std::string> texts,
                                                              const CancelToken &cancel)
{
    std::vector<Result<std::vector<float>>> vectors;
    if (auto opened = open(); !opened) {
        for (std::size_t i = 0; i < texts.size(); ++i)
            vectors.push_back(fail(opened.error()));
        return vectors;
    }
    for (auto &embedding : m_session->embedAll(texts, cancel)) {
        if (embedding)
            vectors.push_back(std::move(embedding->values));
        else
            vectors.push_back(fail(embedding.error()));
    }
    return vectors;
}

} // namespace alcove::documents
