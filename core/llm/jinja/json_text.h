// The tojson filter: JSON text as Python's json.dumps writes it.
//
// Any thread, per Heap. Failure for values that JSON cannot hold.
#pragma once

#include "core/llm/jinja/value.h"

namespace alcove::llm::jinja {

// tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False): the signature
// that `transformers` gives the filter; without HTML escaping.
Value toJson(Heap &heap, const Value &value, const Arguments &arguments);

} // namespace alcove::llm::jinja
