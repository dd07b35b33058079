// Arithmetic in double precision, written down as the formulas are: what small models of the tests
// are computed with beside our executors. Nothing of it is theirs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace alcove::test::plain {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>; // one a token

inline double dot(const double *a, const double *b, std::size_t count)
{
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

// matrix: [outputs][x.size()], from element `first` on.
inline Vector product(const Vector &matrix, const Vector &x, std::size_t outputs,
                      std::size_t first = 0)
{
    Vector y(outputs);
    for (std::size_t o = 0; o < outputs; ++o)
        y[o] = dot(matrix.data() + first + o * x.size(), x.data(), x.size());
    return y;
}

inline Vector sum(Vector a, const Vector &b, double scale = 1)
{
    for (std::size_t i = 0; i < a.size(); ++i)
        a[i] += scale * b[i];
    return a;
}

inline Vector times(Vector a, const Vector &b)
{
    for (std::size_t i = 0; i < a.size(); ++i)
        a[i] *= b[i];
    return a;
}

inline Vector rmsNorm(const Vector &x, const Vector &weight, double epsilon)
{
    const double square = dot(x.data(), x.data(), x.size()) / double(x.size());
    Vector y = times(x, weight);
    for (double &value : y)
        value /= std::sqrt(square + epsilon);
    return y;
}

inline Vector layerNorm(const Vector &x, const Vector &weight, const Vector &bias, double epsilon)
{
    double mean = 0;
    for (const double value : x)
        mean += value / double(x.size());
    double variance = 0;
    for (const double value : x)
        variance += (value - mean) * (value - mean) / double(x.size());
    Vector y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        y[i] = (x[i] - mean) / std::sqrt(variance + epsilon) * weight[i] + bias[i];
    return y;
}

inline double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

inline Vector silu(Vector x)
{
    for (double &value : x)
        value *= sigmoid(value);
    return x;
}

inline Vector gelu(Vector x)
{
    for (double &value : x)
        value *= 0.5 * (1 + std::erf(value / std::sqrt(2.0)));
    return x;
}

inline Vector softmax(Vector x)
{
    const double most = *std::max_element(x.begin(), x.end());
    double total = 0;
    for (double &value : x)
        total += value = std::exp(value - most);
    for (double &value : x)
        value /= total;
    return x;
}

// The places of the `count` largest.
inline std::vector<std::size_t> largest(const Vector &x, std::size_t count)
{
    std::vector<std::size_t> order(x.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::sort(order.begin(), order.end(), [&x](auto a, auto b) { return x[a] > x[b]; });
    order.resize(count);
    return order;
}

// Turns the pair (x[a], x[b]) by an angle.
inline void turn(double &a, double &b, double angle)
{
    const double was = a;
    a = was * std::cos(angle) - b * std::sin(angle);
    b = was * std::sin(angle) + b * std::cos(angle);
}

enum class Pairs { Neighbours, Halves };

// Su et al. 2021, on every head of x.
inline void rotate(Vector &x, std::size_t headSize, std::size_t position, double base, Pairs pairs)
{
    const std::size_t half = headSize / 2;
    for (std::size_t head = 0; head < x.size(); head += headSize) {
        for (std::size_t i = 0; i < half; ++i) {
            const double angle =
                double(position) * std::pow(base, -2.0 * double(i) / double(headSize));
            if (pairs == Pairs::Neighbours)
                turn(x[head + 2 * i], x[head + 2 * i + 1], angle);
            else
                turn(x[head + i], x[head + half + i], angle);
        }
    }
}

struct AttentionShape {
    std::size_t heads = 0;
    std::size_t kvHeads = 0;
    std::size_t headSize = 0;
    double scale = 1;
    bool causal = true;
    Vector slopes; // of ALiBi, one a head, or none
};

// q [token][heads * headSize], k and v [token][kvHeads * headSize].
inline Rows attend(const AttentionShape &shape, const Rows &q, const Rows &k, const Rows &v)
{
    Rows out(q.size(), Vector(shape.heads * shape.headSize));
    for (std::size_t t = 0; t < q.size(); ++t) {
        for (std::size_t head = 0; head < shape.heads; ++head) {
            const std::size_t from = head / (shape.heads / shape.kvHeads) * shape.headSize;
            Vector scores;
            for (std::size_t s = 0; s < (shape.causal ? t + 1 : k.size()); ++s) {
                double score = shape.scale
                    * dot(q[t].data() + head * shape.headSize, k[s].data() + from, shape.headSize);
                if (!shape.slopes.empty())
                    score -= shape.slopes[head] * std::abs(double(t) - double(s));
                scores.push_back(score);
            }
            const Vector shares = softmax(scores);
            for (std::size_t s = 0; s < shares.size(); ++s) {
                for (std::size_t i = 0; i < shape.headSize; ++i)
                    out[t][head * shape.headSize + i] += shares[s] * v[s][from + i];
            }
        }
    }
    return out;
}

} // namespace alcove::test::plain
