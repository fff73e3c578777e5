// SPDX-License-Identifier: GPL-3.0-or-later
// Search, table and buttons; every access to the database is a job of the dialog's thread, in the order of asking.
#include "ui/panels/historydialog.h"
#include "core/base/error.h"
#include "core/eval/problem.h"
#include "core/eval/resultsio.h"
#include "history/location.h"
#include "ui/export/savefile.h"
#include "ui/models/counted.h"
#include <QCheckBox>
#include <QDialogButtonBox>
#include <QFutureWatcher>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMessageBox>
#include <QPushButton>
#include <QTableView>
#include <QtConcurrentRun>
#include <optional>

namespace pikv::ui {
namespace {

constexpr int mostRows = 2000; ///< more are told of, and found by a search
constexpr int settleTime = 150; ///< ms

QString sizeText(quint64 bytes) { return QLocale().formattedDataSize(qint64(bytes), 1, QLocale::DataSizeSIFormat); }

/// What a job of the dialog's thread came to.
template <typename Result>
struct Outcome {
    std::optional<Result> result;
    QString problem;
};

} // namespace

HistoryDialog::HistoryDialog(const QString& database, QWidget* parent)
    : QDialog(parent)
    , m_database(database.toStdString())
    , m_model(new HistoryModel(this))
    , m_table(new QTableView(this))
    , m_words(new QLineEdit(this))
    , m_starred(new QCheckBox(tr("Only &starred"), this))
    , m_state(new QLabel(this))
    , m_export(new QPushButton(tr("&Export…"), this))
    , m_forget(new QPushButton(tr("&Forget…"), this))
{
    setObjectName(QStringLiteral("historyDialog"));
    setWindowTitle(tr("History"));
    m_pool.setMaxThreadCount(1); // in order
    createTable();
    createSearch();
    createButtons();
    auto* search = new QHBoxLayout;
    search->addWidget(m_words, 1);
    search->addWidget(m_starred);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->addButton(m_export, QDialogButtonBox::ActionRole);
    buttons->addButton(m_forget, QDialogButtonBox::ActionRole);
    for (QAbstractButton* button : buttons->buttons())
        qobject_cast<QPushButton*>(button)->setAutoDefault(false); // Enter is the search's and the table's
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(search);
    layout->addWidget(m_table, 1);
    layout->addWidget(m_state);
    layout->addWidget(buttons);
    setTabOrder(m_starred, m_table);
    resize(1000, 520);
}

HistoryDialog::~HistoryDialog() { m_pool.waitForDone(); }

void HistoryDialog::createTable()
{
    m_table->setObjectName(QStringLiteral("historyTable"));
    m_table->setAccessibleName(tr("Stored results"));
    m_table->setModel(m_model);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setAlternatingRowColors(true);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setStretchLastSection(true);
    connect(m_table, &QAbstractItemView::activated, this, &HistoryDialog::chooseRow);
    connect(m_model, &HistoryModel::starChosen, this, [this](qlonglong id, bool star) {
        inBackground(
            [path = m_database, id, star] {
                history::Catalogue(path).setStar(id, star);
                return true;
            },
            [](bool) {});
    });
    connect(m_model, &HistoryModel::noteChosen, this, [this](qlonglong id, const QString& note) {
        inBackground(
            [path = m_database, id, text = note.toStdString()] {
                history::Catalogue(path).setNote(id, text);
                return true;
            },
            [](bool) {});
    });
}

void HistoryDialog::createSearch()
{
    m_words->setObjectName(QStringLiteral("historySearch"));
    m_words->setAccessibleName(tr("Search the history"));
    m_words->setPlaceholderText(tr("Search by dump, method, parameter, date or note, e.g. kivi key_bits=4 2026-11"));
    m_words->setClearButtonEnabled(true);
    m_starred->setObjectName(QStringLiteral("historyStarred"));
    m_state->setObjectName(QStringLiteral("historyState"));
    m_state->setWordWrap(true);
    m_settle.setSingleShot(true);
    m_settle.setInterval(settleTime);
    connect(&m_settle, &QTimer::timeout, this, &HistoryDialog::reload);
    connect(m_words, &QLineEdit::textChanged, &m_settle, qOverload<>(&QTimer::start));
    connect(m_starred, &QCheckBox::toggled, this, &HistoryDialog::reload);
}

void HistoryDialog::createButtons()
{
    m_export->setObjectName(QStringLiteral("historyExport"));
    m_forget->setObjectName(QStringLiteral("historyForget"));
    connect(m_export, &QPushButton::clicked, this, &HistoryDialog::exportRows);
    connect(m_forget, &QPushButton::clicked, this, &HistoryDialog::forget);
}

history::Query HistoryDialog::query() const
{
    history::Query query;
    for (const QString& word : m_words->text().split(QLatin1Char(' '), Qt::SkipEmptyParts))
        query.words.push_back(word.toStdString());
    query.starred = m_starred->isChecked();
    return query;
}

template <typename Work, typename Done>
void HistoryDialog::inBackground(Work work, Done done)
{
    using Result = std::invoke_result_t<Work>;
    auto* watcher = new QFutureWatcher<Outcome<Result>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, done] {
        watcher->deleteLater();
        Outcome<Result> outcome = watcher->future().takeResult();
        if (outcome.result)
            done(std::move(*outcome.result));
        else
            m_state->setText(outcome.problem);
    });
    watcher->setFuture(QtConcurrent::run(&m_pool, [work]() mutable {
        Outcome<Result> outcome;
        try {
            outcome.result = work();
        } catch (...) {
            outcome.problem = QString::fromStdString(currentProblem().message);
        }
        return outcome;
    }));
}

void HistoryDialog::reload()
{
    m_settle.stop();
    const int asked = ++m_asked;
    inBackground(
        [path = m_database, query = query()]() mutable {
            const history::Catalogue catalogue(path);
            query.most = mostRows;
            Listing listing { {}, catalogue.count(), catalogue.bytes() };
            for (history::Entry& entry : catalogue.list(query))
                listing.rows.emplace_back(std::move(entry));
            return listing;
        },
        [this, asked](Listing listing) {
            if (asked == m_asked)
                showListing(std::move(listing));
        });
}

void HistoryDialog::showListing(Listing listing)
{
    const bool first = m_model->rowCount() == 0;
    const auto shown = int(listing.rows.size());
    m_model->setRows(std::move(listing.rows));
    if (first)
        m_table->resizeColumnsToContents();
    const QString all = counted(int(listing.all), tr("result"), tr("results"));
    m_state->setText(
        tr("%1 of %2 · %3 of at most %4 on disk")
            .arg(QLocale().toString(shown), all, sizeText(listing.bytes), sizeText(history::defaultLimit)));
    m_export->setEnabled(shown > 0);
    m_forget->setEnabled(shown > 0);
}

void HistoryDialog::exportRows()
{
    const QString path = askSaveFile(this, tr("Export the history"), QStringLiteral("history.csv"),
        tr("CSV tables (*.csv);;JSON (*.json)"), QStringLiteral("csv"));
    if (path.isEmpty())
        return;
    inBackground(
        [database = m_database, query = query(), path = path.toStdString()] {
            const auto entries = history::Catalogue(database).list(query);
            int leftOut = 0;
            writeFileAtomic(path, path.ends_with(".json") ? entriesToJson(entries) : entriesToCsv(entries, leftOut));
            return leftOut;
        },
        [this, path](int leftOut) {
            m_state->setText(leftOut == 0 ? tr("Wrote %1").arg(path)
                                          : tr("Wrote %1; left out %2 of methods that this program does not have")
                                                .arg(path, counted(leftOut, tr("result"), tr("results"))));
        });
}

void HistoryDialog::forget()
{
    const bool all = m_words->text().trimmed().isEmpty() && !m_starred->isChecked();
    QMessageBox box(QMessageBox::Question, tr("Forget results"),
        all ? tr("Forget every stored result? Those with a star or a note stay.")
            : tr("Forget every stored result that the search finds? Those with a star or a note stay."),
        QMessageBox::Cancel, this);
    box.setObjectName(QStringLiteral("historyForgetBox"));
    QPushButton* yes = box.addButton(tr("Forget"), QMessageBox::DestructiveRole);
    yes->setObjectName(QStringLiteral("historyForgetYes"));
    box.setDefaultButton(QMessageBox::Cancel);
    box.exec();
    if (box.clickedButton() != yes)
        return;
    inBackground([path = m_database, query = query()] { return history::Catalogue(path).forget(query, false); },
        [this](quint64) { reload(); });
}

void HistoryDialog::chooseRow(const QModelIndex& index)
{
    if (index.column() == HistoryModel::Note)
        return; // it is edited
    try {
        Q_EMIT settingsChosen(parseSpec(m_model->entry(index.row()).spec));
    } catch (const Error& e) {
        m_state->setText(QString::fromUtf8(e.what()));
    }
}

} // namespace pikv::ui
