#include "core/documents/page_picture.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace alcove::documents {

namespace {

constexpr std::size_t kMostBoxes = 2000;

tl::unexpected<Error> odd(const char *what)
{
    return fail(ErrorCode::InvalidFile, "The page could not be drawn.", what);
}

bool isFraction(double value)
{
    return std::isfinite(value) && value >= 0 && value <= 1;
}

} // namespace

// A line of JSON, then the pixels.
std::vector<std::uint8_t> encodePicture(const Result<PagePicture> &outcome)
{
    nlohmann::json head;
    if (!outcome) {
        head["error"] = int(outcome.error().code);
        head["message"] = outcome.error().message;
    } else {
        head["width"] = outcome->width;
        head["height"] = outcome->height;
        head["pages"] = outcome->pages;
        head["boxes"] = nlohmann::json::array();
        for (const PageBox &box : outcome->boxes)
            head["boxes"].push_back({box.left, box.top, box.right, box.bottom});
    }
    const std::string line =
        head.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
    std::vector<std::uint8_t> bytes(line.begin(), line.end());
    if (outcome)
        bytes.insert(bytes.end(), outcome->pixels.begin(), outcome->pixels.end());
    return bytes;
}

Result<PagePicture> decodePicture(std::span<const std::uint8_t> bytes)
{
    const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t('\n'));
    if (end == bytes.end())
        return odd("no head");
    const auto head = nlohmann::json::parse(bytes.begin(), end, nullptr, false);
    try {
        if (head.contains("error")) {
            const int code = head.at("error").get<int>();
            switch (ErrorCode(code)) {
            case ErrorCode::PasswordNeeded:
            case ErrorCode::Unsupported:
            case ErrorCode::NotFound:
            case ErrorCode::OutOfMemory:
            case ErrorCode::InvalidArgument:
                return fail(ErrorCode(code), head.at("message").get<std::string>());
            default:
                return fail(ErrorCode::InvalidFile, head.at("message").get<std::string>());
            }
        }
        PagePicture picture;
        picture.width = head.at("width").get<std::uint32_t>();
        picture.height = head.at("height").get<std::uint32_t>();
        picture.pages = head.at("pages").get<std::uint32_t>();
        if (picture.width == 0 || picture.width > kMostPictureWidth || picture.height == 0
            || picture.height > kMostPictureHeight)
            return odd("size");
        if (head.at("boxes").size() > kMostBoxes)
            return odd("boxes");
        for (const auto &one : head.at("boxes")) {
            const PageBox box{one.at(0).get<double>(), one.at(1).get<double>(),
                              one.at(2).get<double>(), one.at(3).get<double>()};
            if (!isFraction(box.left) || !isFraction(box.top) || !isFraction(box.right)
                || !isFraction(box.bottom) || box.right < box.left || box.bottom < box.top)
                return odd("box");
            picture.boxes.push_back(box);
        }
        picture.pixels.assign(end + 1, bytes.end());
        if (picture.pixels.size() != std::size_t(picture.width) * picture.height * 3)
            return odd("pixels");
        return picture;
    } catch (const nlohmann::json::exception &exception) {
        return odd(exception.what());
    }
}

} // namespace alcove::documents
