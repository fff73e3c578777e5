// SPDX-License-Identifier: GPL-3.0-or-later
// What a user sees and does of the history: list, search, stars, notes, export, forgetting.
#pragma once
#include "core/eval/evaluator.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pikv::history {

class Database;

/// One stored result, of whichever engine.
struct Entry {
    long long id = 0;
    std::string spec; ///< "kivi:key_bits=4"
    std::string settings; ///< settingsText()
    std::string dump; ///< path it had when it was measured last; "" for a capture that was never saved
    std::string fingerprint, model, shape, engine, time, machine, note;
    bool star = false;
    bool ofThisEngine = false; ///< else it is shown and exported, and measured anew where it is wanted
    std::string figures; ///< resultToJson()

    /// Of `figures`. Throws Error{Input} where this program no longer knows the method.
    EvaluationResult result() const;
};

/// Which entries. Each word must occur, in any case, in the dump's path, fingerprint or model, the spec, the settings,
/// the engine, the time or the note.
struct Query {
    std::vector<std::string> words;
    bool starred = false; ///< these alone
    long long id = 0; ///< this one alone, unless 0
    int most = 0; ///< the newest ones; 0: all
};

/// Used in one thread. Throws as Database does.
class Catalogue {
public:
    explicit Catalogue(const std::string& path);
    ~Catalogue();

    /// Newest first.
    std::vector<Entry> list(const Query& query) const;
    std::uint64_t count() const;
    std::uint64_t bytes() const;
    /// Throws Error{Usage} where there is no such entry.
    void setStar(long long id, bool star);
    void setNote(long long id, const std::string& note);
    /// Forgets what matches but, unless `starredToo`, what has a star or a note; returns how many. The room that they
    /// took is given back to the disk.
    std::uint64_t forget(const Query& query, bool starredToo);

private:
    void requireOne(long long id, int changed) const;
    std::unique_ptr<Database> m_database;
};

/// The entries as CSV: the columns of resultsToCsv() behind id, time, machine, engine, settings, dump, fingerprint,
/// star and note. Entries whose method this program no longer knows are left out and counted in `leftOut`.
std::string entriesToCsv(const std::vector<Entry>& entries, int& leftOut);
/// {"history": [{…, "result": {…}}, …]}.
std::string entriesToJson(const std::vector<Entry>& entries);

} // namespace pikv::history
