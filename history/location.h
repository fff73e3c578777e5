// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <string>

namespace pikv::history {

/// The user's history: history.sqlite in userDataDir(), or what $PIKV_HISTORY names; "" where that is "off".
std::string location();
/// The database, and the log and index that SQLite keeps beside it.
void removeFiles(const std::string& database);
/// Bytes of the database on disk, with the log beside it.
std::uint64_t bytesOnDisk(const std::string& database);

/// What a history may take of the disk; beyond it the oldest results that nobody starred go.
inline constexpr std::uint64_t defaultLimit = std::uint64_t(512) << 20;

} // namespace pikv::history
