// SPDX-License-Identifier: GPL-3.0-or-later
// Means over dumps as an item model; chart, table and report read it.
#pragma once
#include "core/study/dumpsstudy.h"
#include "ui/models/settingsindex.h"
#include <QAbstractTableModel>
#include <QFutureWatcher>
#include <QTimer>
#include <atomic>
#include <memory>
#include <vector>

namespace pikv::ui {

/// Settings that were measured on several dumps, with the mean and its 95 % interval of every metric: those that
/// `pikv eval` and `pikv sweep` print. Means are computed in a thread of their own; rows come with them.
class DumpMeansModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { MethodColumn, ParamsColumn, ImportanceColumn, DumpsColumn, FirstMetricColumn };
    enum Role {
        RawRole = Qt::UserRole, ///< double: the mean
        MethodIdRole, ///< QString
    };
    explicit DumpMeansModel(QObject* parent = nullptr);
    ~DumpMeansModel() override;

    /// Takes the place of what there was of these settings and this dump. `path`: "" for a dump that is in no file.
    void add(const QString& path, const CachePtr& dump, const std::shared_ptr<const EvaluationResult>& result);
    /// Something of these settings was added for this dump.
    bool has(const QString& path, const EvaluationResult& settings) const;
    /// What was measured is of other dumps.
    void clear();
    bool isEmpty() const { return m_shown.empty(); }
    const DumpsMean& mean(int row) const;
    /// "3 dumps", "3 dumps of 512 tokens" where means are by length.
    QString dumpsText(int row) const;
    /// Name of a dump that the row's mean is over, or would be; and what was measured there, null where nothing was.
    struct OfDump {
        QString name;
        std::shared_ptr<const EvaluationResult> result;
    };
    QList<OfDump> ofDumps(int row) const;
    /// All of it, for tables: every dump's results of settings that have a mean.
    std::vector<DumpResults> dumps() const;
    std::vector<DumpsMean> means() const;
    /// "0.012 [0.010, 0.014]".
    static QString intervalText(const MetricInfo& metric, const MeanInterval& interval);
    static constexpr std::uint64_t seed = 0; ///< of the intervals, as on the command line

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    using ResultOf = std::shared_ptr<const EvaluationResult>;
    struct Dump {
        QString path;
        CachePtr cache;
    };
    struct Setting {
        std::vector<ResultOf> byDump; ///< shorter than the dumps where the last ones have none
        std::vector<DumpsMean> means; ///< over two dumps or more; by length where m_isByLength
        bool isNew = false; ///< the means are older than the results
    };
    struct Computed {
        quint64 generation = 0;
        bool isByLength = false;
        std::vector<std::pair<std::size_t, std::vector<DumpsMean>>> means; ///< by setting
    };
    bool isOfRow(const Dump& dump, int row) const;
    std::size_t dumpAt(const QString& path, const CachePtr& cache);
    Setting& settingOf(const EvaluationResult& result);
    std::vector<QString> names() const;
    void compute();
    void takeOver(const Computed& computed);

    std::vector<Dump> m_dumps;
    std::vector<Setting> m_settings; ///< in the order in which they came
    SettingsIndex m_index; ///< of m_settings
    struct Row {
        std::size_t setting, mean;
    };
    std::vector<Row> m_shown;
    bool m_isByLength = false; ///< the means are
    QFutureWatcher<Computed> m_work;
    std::shared_ptr<std::atomic<bool>> m_stop; ///< of the work that runs
    quint64 m_generation = 0; ///< grows with clear()
    QTimer m_later; ///< results come in crowds
};

} // namespace pikv::ui
