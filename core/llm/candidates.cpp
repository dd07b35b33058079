#include "core/llm/candidates.h"

#include <algorithm>
#include <cmath>

namespace alcove::llm {

bool likelier(const Candidate &a, const Candidate &b)
{
    return a.first != b.first ? a.first > b.first : a.second < b.second;
}

void Candidates::clear()
{
    m_list.clear();
    m_sorted = 0;
}

void Candidates::addBounded(const Candidate &one, std::size_t most)
{
    // A heap whose front is the least likely of those kept.
    if (m_list.size() < most) {
        m_list.push_back(one);
        std::push_heap(m_list.begin(), m_list.end(), likelier);
    } else if (likelier(one, m_list.front())) {
        std::pop_heap(m_list.begin(), m_list.end(), likelier);
        m_list.back() = one;
        std::push_heap(m_list.begin(), m_list.end(), likelier);
    }
}

const Candidate &Candidates::at(std::size_t i)
{
    while (i >= m_sorted) {
        const std::size_t end = std::min(m_list.size(), std::max<std::size_t>(128, m_sorted * 4));
        const auto from = m_list.begin() + static_cast<std::ptrdiff_t>(m_sorted);
        const auto to = m_list.begin() + static_cast<std::ptrdiff_t>(end);
        if (to != m_list.end())
            std::nth_element(from, to, m_list.end(), likelier);
        std::sort(from, to, likelier);
        m_sorted = end;
    }
    return m_list[i];
}

void Candidates::keepLikeliest(std::size_t count)
{
    if (count >= m_list.size())
        return;
    at(count - 1);
    m_list.resize(count);
    m_sorted = std::min(m_sorted, count);
}

double Candidates::weight(std::size_t i, double temperature)
{
    return std::exp((double(at(i).first) - double(at(0).first)) / temperature);
}

double Candidates::totalWeight(double temperature)
{
    const double best = at(0).first;
    double total = 0;
    for (const Candidate &one : m_list)
        total += std::exp((double(one.first) - best) / temperature);
    return total;
}

double Candidates::entropy()
{
    // -sum p ln p with p = exp(x - ln total)
    const double best = at(0).first;
    const double total = totalWeight(1);
    double sum = 0;
    for (const Candidate &one : m_list) {
        const double x = double(one.first) - best;
        sum += std::exp(x) * x;
    }
    const double entropy = std::log(total) - sum / total;
    return std::isfinite(entropy) ? std::max(entropy, 0.0) : 0.0;
}

void Candidates::keepTypical(double mass)
{
    const double total = totalWeight(1);
    const double middle = entropy();
    struct Distance {
        double value;
        double probability;
        std::size_t index;
    };
    std::vector<Distance> order;
    order.reserve(m_list.size());
    at(m_list.size() - 1); // of equally distant ones the likelier first
    for (std::size_t i = 0; i < m_list.size(); ++i) {
        const double probability = weight(i, 1) / total;
        const double surprise = std::log(total) - (double(at(i).first) - double(at(0).first));
        order.push_back({std::fabs(surprise - middle), probability, i});
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const Distance &a, const Distance &b) { return a.value < b.value; });
    std::vector<Candidate> kept;
    double sum = 0;
    for (const Distance &one : order) {
        kept.push_back(m_list[one.index]);
        sum += one.probability;
        if (sum >= mass)
            break;
    }
    m_list = std::move(kept);
    m_sorted = 0;
}

void Candidates::keepTopP(double mass)
{
    const double wanted = mass * totalWeight(1);
    double sum = weight(0, 1);
    std::size_t count = 1;
    while (count < m_list.size() && sum < wanted)
        sum += weight(count++, 1);
    keepLikeliest(count);
}

void Candidates::keepMinP(double share)
{
    std::size_t count = 1;
    while (count < m_list.size() && weight(count, 1) >= share)
        ++count;
    keepLikeliest(count);
}

void Candidates::excludeTopChoices(double threshold)
{
    const double wanted = threshold * totalWeight(1);
    std::size_t top = 0;
    while (top < m_list.size() && weight(top, 1) >= wanted)
        ++top;
    if (top < 2)
        return;
    m_list.erase(m_list.begin(), m_list.begin() + static_cast<std::ptrdiff_t>(top - 1));
    m_sorted -= top - 1;
}

void Candidates::keepSurprise(double bits, double temperature)
{
    const double least = std::exp2(-bits) * totalWeight(temperature);
    std::size_t count = 1;
    while (count < m_list.size() && weight(count, temperature) >= least)
        ++count;
    keepLikeliest(count);
}

std::size_t Candidates::draw(double uniform, double temperature)
{
    const double drawn = uniform * totalWeight(temperature);
    double sum = 0;
    for (std::size_t i = 0; i < m_list.size(); ++i) {
        sum += weight(i, temperature);
        if (sum > drawn)
            return i;
    }
    return m_list.size() - 1;
}

} // namespace alcove::llm
