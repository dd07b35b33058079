// Where the tests' known answers are, and how close is close enough.
//
// The project keeps a part of the fixtures in tests/fixtures; a checkout that has the whole set
// beside it (shared/fixtures) tests against all of it. A test that needs what is absent skips and
// says so.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace alcove::test {

// Path of a fixture ("quant/llama-Q8_0.gguf"), or empty when this checkout has none.
inline std::string fixture(const std::string &name)
{
    for (const std::string &folder : {std::string(ALCOVE_SOURCE_DIR) + "/tests/fixtures",
                                      std::string(ALCOVE_SHARED_FIXTURES)}) {
        const std::string path = folder + "/" + name;
        if (std::filesystem::exists(path))
            return path;
    }
    return {};
}

inline std::string readFile(const std::string &path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline std::vector<float> readFloats(const std::string &path)
{
    const std::string bytes = readFile(path);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
}

struct ModelCase {
    std::string name; // "quant/llama-Q8_0"
    std::string model; // path
    std::string expected; // path
    std::vector<std::int32_t> tokens;

    bool isEncoder() const { return name.find("bert") != std::string::npos; }
};

// The model fixtures this checkout has: the whole set where it is there, else the project's part.
inline std::vector<ModelCase> modelCases()
{
    std::string manifest = std::string(ALCOVE_SHARED_FIXTURES) + "/models.json";
    if (!std::filesystem::exists(manifest))
        manifest = std::string(ALCOVE_SOURCE_DIR) + "/tests/fixtures/models.json";
    std::vector<ModelCase> cases;
    const auto json = nlohmann::json::parse(readFile(manifest));
    for (const auto &entry : json.at("cases")) {
        ModelCase one;
        const auto model = entry.at("model").get<std::string>();
        one.name = model.substr(0, model.size() - 5);
        one.model = fixture(model);
        one.expected = fixture(entry.at("expected").get<std::string>());
        one.tokens = entry.at("tokens").get<std::vector<std::int32_t>>();
        if (!one.model.empty() && !one.expected.empty())
            cases.push_back(std::move(one));
    }
    return cases;
}

// mean((a-b)^2) / mean(b^2)
inline double nmse(std::span<const float> actual, std::span<const float> expected)
{
    double difference = 0;
    double power = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double d = double(actual[i]) - double(expected[i]);
        difference += d * d;
        power += double(expected[i]) * double(expected[i]);
    }
    return power > 0 ? difference / power : difference;
}

// Rows whose arg-max differs although the expected best two are further apart than 15 % of the
// row's standard deviation.
inline int argmaxDisagreements(std::span<const float> actual, std::span<const float> expected,
                               std::size_t vocabulary)
{
    int wrong = 0;
    for (std::size_t row = 0; row + vocabulary <= expected.size(); row += vocabulary) {
        std::size_t best = 0;
        std::size_t second = 1;
        std::size_t got = 0;
        double sum = 0;
        double squares = 0;
        for (std::size_t i = 0; i < vocabulary; ++i) {
            const float e = expected[row + i];
            sum += e;
            squares += double(e) * e;
            if (actual[row + i] > actual[row + got])
                got = i;
        }
        if (expected[row + 1] > expected[row])
            std::swap(best, second);
        for (std::size_t i = 2; i < vocabulary; ++i) {
            if (expected[row + i] > expected[row + best]) {
                second = best;
                best = i;
            } else if (expected[row + i] > expected[row + second]) {
                second = i;
            }
        }
        const double mean = sum / double(vocabulary);
        const double deviation =
            std::sqrt(std::max(0.0, squares / double(vocabulary) - mean * mean));
        if (expected[row + best] - expected[row + second] > 0.15 * deviation && got != best)
            ++wrong;
    }
    return wrong;
}

inline constexpr double kNmseFloat32 = 1e-6;
inline constexpr double kNmseFloat16Kv = 1e-4;
inline constexpr double kNmseInt8Activations = 6e-3;

} // namespace alcove::test
