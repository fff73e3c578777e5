// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/registry.h"
#include <string>
#include <vector>

namespace pikv::cli {

/// The values that a parameter takes, for the eye: "1 to 8", "token, layer".
std::string boundsText(const ParamSpec& spec);
/// A method's parameters without the common ones. A common parameter with a default of its own is the method's.
std::vector<ParamSpec> ownParams(const MethodInfo& method);
/// Every method with its parameters as Markdown, by family: resources/docs/methods.md.
std::string methodsPage();

} // namespace pikv::cli
