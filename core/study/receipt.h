// SPDX-License-Identifier: GPL-3.0-or-later
// A receipt: figures with hashes of all that they depend on, so that somebody else can measure them again.
#pragma once
#include "core/study/study.h"
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

class ResultStore;

/// The next-token test that figures came from.
struct ReceiptModel {
    std::string path; ///< "": there was none
    std::string weights; ///< hashOfFile()
    std::int64_t predict = 0;
};

struct ReceiptResult {
    MethodSpec method;
    std::map<std::string, std::string> files; ///< XXH3-128 of what a parameter names, by the parameter
    std::vector<std::pair<std::string, double>> figures; ///< by metric; no times, they are nobody else's
};

struct Receipt {
    std::string time, engine, machine;
    std::string dump; ///< its path then
    std::string fingerprint; ///< cacheFingerprint()
    std::string text; ///< XXH3-128 of the dump's text; "" where it has none
    StudySettings settings;
    ReceiptModel model;
    std::vector<ReceiptResult> results;
};

/// Of results that `study` gave. `fingerprint`: cacheFingerprint() of its cache. `store`: remembers hashes of files;
/// null: they are computed.
Receipt receiptOf(const Study& study, const std::string& fingerprint, const ReceiptModel& model,
    const std::vector<EvaluationResult>& results, ResultStore* store, const JobControl& job = {});
std::string receiptToJson(const Receipt& receipt);
/// Throws Error{Input} naming the file; a receipt without a figure is none.
Receipt readReceipt(const std::string& path);

/// What of a receipt does not hold for this study's dump and these files; one sentence each.
std::vector<std::string> receiptMismatches(
    const Receipt& receipt, const Study& study, ResultStore* store, const JobControl& job = {});

struct FigureCheck {
    std::string metric;
    double then = 0, now = 0;
    /// |then - now| / max(|then|, |now|, 1e-6); 0: the same to the last bit. Infinite where one of them is missing.
    double difference = 0;
};
std::vector<FigureCheck> checkFigures(const ReceiptResult& then, const EvaluationResult& now);
/// "exactly", "within 1e-06" (the next larger power of ten) or "not: 3.1 %".
std::string agreementText(double difference, double tolerance);

} // namespace pikv
