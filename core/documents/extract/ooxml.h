// What Word, PowerPoint and Excel files share: parts, the relations between them, and the
// properties of the whole.
//
// One thread. A part that is not there is empty where the format lets it be absent; failures are
// those of XmlPart.
#pragma once

#include "core/documents/extract/xml_part.h"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alcove::documents {

struct Relation {
    std::string type; // the last word of its address: "slide", "styles"
    std::string part; // the name in the archive
};

class Relations
{
public:
    // Those that `part` has; of the whole file for an empty name.
    static Result<Relations> read(Archive &archive, std::string_view part);

    // The part's name, empty when there is none.
    std::string byId(const QString &id) const;
    std::string byType(std::string_view type) const; // the first
    std::vector<std::string> allByType(std::string_view type) const;

private:
    std::unordered_map<std::string, Relation> m_relations;
    std::map<std::string, std::vector<std::string>, std::less<>> m_types;
};

// `target` as `part` names it, from the archive's root; without what leads out of it.
std::string resolvedPart(std::string_view part, std::string_view target);

// The part that the file is about; `usual` where the relations name none.
Result<std::string> mainPart(Archive &archive, std::string_view usual);

// Title and language.
Result<> readCoreProperties(Archive &archive, DocumentBuilder &builder);

} // namespace alcove::documents
