// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/nexttoken.h"
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace pikv {

/// Results of the next-token test as JSON: resultsToJson() of what is added, on the first session's first text's
/// context, each with an object `next_token`: the context's length, standard errors, intervals over texts, the tail of
/// KL and every position.
class NextTokenJson {
public:
    NextTokenJson();
    ~NextTokenJson();
    void add(const NextTokenSession& session, const std::vector<NextTokenResult>& results, const std::string& device);
    std::string text() const;

private:
    std::unique_ptr<nlohmann::ordered_json> m_json;
};

} // namespace pikv
