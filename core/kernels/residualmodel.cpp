// SPDX-License-Identifier: GPL-3.0-or-later
// Encoder and decoder must build the same tables on every machine: only +, -, *, / and sqrt are used, which IEEE 754
// rounds exactly, and the target is compiled without fused multiply-add.
#include "core/kernels/residualmodel.h"
#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

namespace pikv {
namespace {

constexpr int tablesPerShape = ResidualModel::widestTable - ResidualModel::lowestScale + 1;
constexpr int largestReach = 127;
constexpr double ignoredTail = 1.0 / 32768, leastMass = 1e-12;

/// exp(-y), y >= 0.
double decay(double y)
{
    constexpr double ln2 = 0.69314718055994530942;
    if (y > 60)
        return 0;
    const double halvings = std::floor(y / ln2), rest = y - halvings * ln2;
    double sum = 1, term = 1;
    for (int i = 1; i < 16; ++i) {
        term *= -rest / i;
        sum += term;
    }
    return std::ldexp(sum, -static_cast<int>(halvings));
}

/// |x|^shape for the four shapes.
double power(int shape, double x)
{
    const double root = std::sqrt(x);
    switch (shape) {
    case 0:
        return x * x;
    case 1:
        return x * root;
    case 2:
        return x;
    default:
        return root * std::sqrt(root);
    }
}

/// x / a at one standard deviation: sqrt(Gamma(3/shape) / Gamma(1/shape)).
constexpr double deviations[ResidualModel::shapes]
    = { 0.70710678118654752, 0.85935331012433310, 1.4142135623730951, 2.5921186566847423 };

double deviationOf(int scale)
{
    // 2^(1/4) in exact steps.
    const double quarter = std::sqrt(std::sqrt(2.0));
    double value = 1;
    for (int i = 0; i < std::abs(scale); ++i)
        value *= quarter;
    return scale < 0 ? 1 / value : value;
}

/// Mass of every upper part 0, 1, … by the midpoint rule, until the tail does not matter.
std::vector<double> masses(int shape, double deviation)
{
    const double unit = deviations[shape] / deviation;
    const int parts = std::clamp(static_cast<int>(64 / deviation), 8, 256);
    std::vector<double> mass;
    double sum = 0;
    for (int level = 0; level <= 4 * largestReach; ++level) {
        double part = 0;
        for (int i = 0; i < parts; ++i)
            part += decay(power(shape, unit * std::abs(level - 0.5 + (i + 0.5) / parts)));
        mass.push_back(part / parts);
        sum += mass.back() * (level ? 2 : 1);
        if (level > 0 && mass.back() < sum * ignoredTail / 8)
            break;
    }
    return mass;
}

std::unique_ptr<const ResidualTable> makeTable(int shape, int scale)
{
    const std::vector<double> mass = masses(shape, deviationOf(scale));
    const int reach = std::min(largestReach - 1, static_cast<int>(mass.size()) - 1);
    std::vector<double> weights;
    double sum = 0, tail = 0, size = 0, square = 0;
    for (int level = -reach; level <= reach; ++level) // above 0: every level can be coded
        weights.push_back(std::max(mass[static_cast<std::size_t>(std::abs(level))], leastMass));
    for (std::size_t level = 0; level < mass.size(); ++level) {
        const double both = mass[level] * (level ? 2 : 1);
        sum += both;
        size += both * double(level);
        square += both * double(level * level);
        tail += static_cast<int>(level) > reach ? both : 0;
    }
    weights.push_back(std::max(tail, sum * ignoredTail));
    return std::make_unique<ResidualTable>(ResidualTable { FrequencyTable(weights), reach, size / sum, square / sum });
}

/// Made on first use, then kept.
const ResidualTable& tableOf(int shape, int scale)
{
    static std::array<std::unique_ptr<const ResidualTable>, ResidualModel::shapes * tablesPerShape> kept;
    static std::array<std::once_flag, ResidualModel::shapes * tablesPerShape> once;
    const auto at = static_cast<std::size_t>(shape * tablesPerShape + scale - ResidualModel::lowestScale);
    std::call_once(once[at], [&] { kept[at] = makeTable(shape, scale); });
    return *kept[at];
}

} // namespace

ResidualModel::ResidualModel(std::uint8_t code)
    : m_silent(code == silent)
{
    const int index = std::min<int>(code, shapes * scales) - 1;
    if (!m_silent) {
        m_shape = index / scales;
        m_scale = index % scales + lowestScale;
    }
}

const ResidualTable& ResidualModel::table(int stepClass) const
{
    const int scale = std::max(lowestScale, m_scale - 2 * stepClass);
    return tableOf(m_shape, scale - 4 * lowBitsOf(scale));
}

double ResidualModel::expectedSize(std::span<const std::int64_t> counts) const
{
    double sum = 0;
    for (std::size_t k = 0; k < counts.size(); ++k)
        if (counts[k] > 0)
            sum += double(counts[k]) * std::ldexp(table(int(k)).meanSize, lowBits(int(k)));
    return sum;
}

double ResidualModel::expectedSquare(std::span<const std::int64_t> counts) const
{
    double sum = 0;
    for (std::size_t k = 0; k < counts.size(); ++k)
        if (counts[k] > 0)
            sum += double(counts[k]) * std::ldexp(table(int(k)).meanSquare, 2 * lowBits(int(k)));
    return sum;
}

ResidualModel ResidualModel::fit(double sumSize, double sumSquare, std::span<const std::int64_t> counts)
{
    if (!(sumSize > 0))
        return ResidualModel(silent);
    ResidualModel best(silent);
    double least = 0;
    for (int shape = 0; shape < shapes; ++shape) {
        // The mean size grows with the scale: the first scale above it, or the one before where that is nearer.
        int low = lowestScale, high = lowestScale + scales - 1;
        while (low < high) {
            const int middle = low + (high - low) / 2;
            if (ResidualModel(shape, middle).expectedSize(counts) < sumSize)
                low = middle + 1;
            else
                high = middle;
        }
        ResidualModel model(shape, low);
        if (low > lowestScale) {
            const ResidualModel before(shape, low - 1);
            if (sumSize * sumSize < before.expectedSize(counts) * model.expectedSize(counts))
                model = before;
        }
        const double ratio = sumSquare / (sumSize * sumSize) * model.expectedSize(counts) * model.expectedSize(counts)
            / model.expectedSquare(counts);
        const double miss = std::max(ratio, 1 / ratio);
        if (best.m_silent || miss < least) {
            best = model;
            least = miss;
        }
    }
    return best;
}

} // namespace pikv
