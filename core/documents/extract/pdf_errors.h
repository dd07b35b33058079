// What the PDF library says went wrong, in our words. Any thread.
#pragma once

#include "core/base/result.h"

#include <QPdfDocument>

#include <string>

namespace alcove::documents {

Error pdfError(QPdfDocument::Error error, const std::string &password);

} // namespace alcove::documents
