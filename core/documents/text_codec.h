// A DocumentText, or why there is none, as the bytes that the reader process hands over
// (MessagePack: in CBOR strings too may lie in each other, as deep as the bytes go).
//
// Pure functions; any thread. The bytes may come from a process that a hostile file has taken over:
// what does not add up (ranges, UTF-8, kinds) is InvalidFile, and nothing of it is used.
#pragma once

#include "core/base/result.h"
#include "core/documents/document_text.h"

#include <cstdint>
#include <span>
#include <vector>

namespace alcove::documents {

std::vector<std::uint8_t> encodeOutcome(const Result<DocumentText> &outcome);
Result<DocumentText> decodeOutcome(std::span<const std::uint8_t> bytes);

} // namespace alcove::documents
