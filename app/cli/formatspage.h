// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>

namespace pikv::cli {

/// Every format of core/formats/formatregistry.h as Markdown, those that are read first: resources/docs/formats.md.
std::string formatsPage();

} // namespace pikv::cli
