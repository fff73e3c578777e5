// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>
#include <string_view>

namespace pikv::ui {

/// Core's texts, which are UTF-8, as Qt's.
inline QString utf8(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }

} // namespace pikv::ui
