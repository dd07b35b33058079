// Draws a page of a PDF and finds a passage on it. Runs in the reader process, like the readers;
// one thread. PasswordNeeded, Unsupported, InvalidFile, InvalidArgument (there is no such page).
#pragma once

#include "core/documents/page_picture.h"

namespace alcove::documents {

Result<PagePicture> drawPdfPage(const PictureRequest &request);

} // namespace alcove::documents
