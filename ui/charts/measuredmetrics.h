// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>

namespace pikv::ui {

class ResultsModel;

/// Whether the results have next-token figures, which axes offer only then. Looks at the rows that change, and at all
/// only after some are gone.
class MeasuredMetrics : public QObject {
    Q_OBJECT
public:
    MeasuredMetrics(const ResultsModel* model, QObject* parent);
    bool nextToken() const { return m_nextToken; }

Q_SIGNALS:
    /// The first figures came, or the last are gone.
    void changed();

private:
    void look(int first, int last);
    void lookAtAll();
    void set(bool nextToken);

    const ResultsModel* m_model;
    bool m_nextToken = false;
};

} // namespace pikv::ui
