// SPDX-License-Identifier: GPL-3.0-or-later
// Rate theory of Gaussian components: reverse water-filling (Cover & Thomas 10.3.3).
#pragma once
#include <cstddef>
#include <vector>

namespace pikv {

/// Least squared error of components with these variances, summed, at `bits` bits in all.
double waterFillingError(std::vector<double> variances, double bits);

/// Cuts the `coded` strongest components into `groups` runs of falling variance that need about `bits` bits each at the
/// water level; the group of every component. Strong components get a group of their own, weak ones share, and those
/// that are not coded have none: theirs is `groups`. 1 <= groups <= coded <= variances.size().
std::vector<std::size_t> equalNeedGroups(
    const std::vector<double>& variances, std::size_t coded, std::size_t groups, double bits);

} // namespace pikv
