// SPDX-License-Identifier: GPL-3.0-or-later
// What the user told of dumps, kept for the next time that they are opened. Torch-free, for window and command line.
#pragma once
#include "core/base/jobcontrol.h"
#include "core/cache/cachehandle.h"
#include <string>

namespace pikv {

/// Path of the store, told.json in userDataDir(): a list of files, newest first, known by their size and by the hash of
/// their first and last 64 KiB, so that one that was moved is known as well.
std::string toldStorePath();

/// What the store has of a file.
struct Recalled {
    Told told;
    std::string warning; ///< what is wrong with the store, as a sentence; "" where nothing is
};
/// Of a file that cannot be read, nothing. Never throws for what is wrong with the store.
Recalled recallTold(const std::string& path);
/// Puts it into the store, whole or not at all; nothing told: the file is forgotten. A store that cannot be read is
/// kept beside as told.json.damaged. Returns what went wrong, as a sentence; "" where nothing did.
std::string rememberTold(const std::string& path, const Told& told);

enum class Telling {
    Adds, ///< to what was told before, of which it takes the place where both say something
    Replaces, ///< all that was told before is forgotten
};

struct OpenedDump {
    CachePtr cache;
    bool isRecalled = false; ///< what was told before was used
    std::vector<std::string> warnings; ///< of the store
};

/// openCache() with what is told now and was told before; remembers it once the dump is open, forgets it in any case.
/// Throws as openCache() does, and says so where what was told before was used.
OpenedDump openTold(
    const std::string& path, const Told& told = {}, Telling how = Telling::Adds, const JobControl& job = {});

} // namespace pikv
