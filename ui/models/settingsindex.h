// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/eval/evaluator.h"
#include <QHash>
#include <QList>

namespace pikv::ui {

/// Both are of one configuration: method, parameters and importance source.
bool sameSettings(const EvaluationResult& a, const EvaluationResult& b);

/// In which row of a table a configuration is, without a look at every row. The table tells what becomes of its rows.
class SettingsIndex {
public:
    /// Of a row behind the last one.
    void append(const EvaluationResult& result);
    void replace(int row, const EvaluationResult& result);
    void remove(int first, int count);
    void clear();
    /// Rows that may be of the result's settings; sameSettings() knows.
    QList<int> candidates(const EvaluationResult& result) const;

private:
    QList<std::size_t> m_hashes; ///< by row
    mutable QMultiHash<std::size_t, int> m_rows; ///< by hash
    mutable bool m_isCurrent = true; ///< m_rows is; made anew when it is asked for after a removal
};

} // namespace pikv::ui
