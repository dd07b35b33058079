// A page of a PDF as a picture, with the places of a passage upon it: drawn by the reader process,
// as everything that looks into documents.
//
// Plain values, and their bytes between the processes. The bytes may come from a process that a
// hostile file has taken over: what does not add up is InvalidFile. Any thread.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace alcove::documents {

struct PictureRequest {
    std::string path; // UTF-8
    std::string password;
    std::uint32_t page = 0; // from 0
    std::uint32_t width = 0; // pixels; kept between the bounds below
    std::string passage; // as it was read from that page; empty: nothing is looked for
};
inline constexpr std::uint32_t kLeastPictureWidth = 64;
inline constexpr std::uint32_t kMostPictureWidth = 2400;
inline constexpr std::uint32_t kMostPictureHeight = 4800; // a longer page is drawn smaller

// Fractions of the picture's width and height, from the top left corner.
struct PageBox {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
};

struct PagePicture {
    std::uint32_t width = 0; // pixels
    std::uint32_t height = 0;
    std::uint32_t pages = 0; // of the document
    std::vector<PageBox> boxes; // one for each printed line of the passage; none: not found
    std::vector<std::uint8_t> pixels; // [height][width][3]: red, green, blue
};

inline constexpr std::uint64_t kMostPictureBytes =
    std::uint64_t(kMostPictureWidth) * kMostPictureHeight * 3 + (1 << 20); // encoded
std::vector<std::uint8_t> encodePicture(const Result<PagePicture> &outcome);
Result<PagePicture> decodePicture(std::span<const std::uint8_t> bytes);

} // namespace alcove::documents
