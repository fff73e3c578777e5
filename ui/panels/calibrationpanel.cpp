// SPDX-License-Identifier: GPL-3.0-or-later
// Dumps to learn from on the left; method, sharing and the learned file on the right.
#include "ui/panels/calibrationpanel.h"
#include "core/codec/registry.h"
#include "core/eval/calibrate.h"
#include "ui/export/savefile.h"
#include "ui/models/dumpfilter.h"
#include "ui/models/specstore.h"
#include "ui/panels/wheelguard.h"
#include "ui/theme/named.h"
#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QUndoStack>

namespace pikv::ui {
namespace {

MethodSpec withShared(MethodSpec spec, const QString& path)
{
    spec.params.set("shared", path.toStdString());
    return spec;
}

} // namespace

CalibrationPanel::CalibrationPanel(SpecStore* specs, QUndoStack* undo, QWidget* parent)
    : QWidget(parent)
    , m_specs(specs)
    , m_undo(undo)
{
    setObjectName(QStringLiteral("calibrationPanel"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(createDumps(), 1);
    layout->addWidget(createChoices(), 1);
    connect(m_method, &QComboBox::currentIndexChanged, this, &CalibrationPanel::describe);
    connect(m_specs, &SpecStore::specChanged, this, &CalibrationPanel::describe);
    guardControlsFromWheel(this);
    describe();
}

QWidget* CalibrationPanel::createDumps()
{
    auto* area = new QWidget(this);
    auto* label = new QLabel(tr("Learn on these &dumps of one model"), area);
    m_dumps = named(new QListWidget(area), "calibrationDumps", tr("Dumps to learn from"));
    m_dumps->setSelectionMode(QAbstractItemView::ExtendedSelection);
    label->setBuddy(m_dumps);
    auto* add = named(new QPushButton(tr("&Add…"), area), "calibrationAdd", tr("Add dumps"));
    m_remove = named(new QPushButton(tr("Re&move"), area), "calibrationRemove", tr("Remove the selected dumps"));
    connect(add, &QPushButton::clicked, this, &CalibrationPanel::chooseDumps);
    connect(m_remove, &QPushButton::clicked, this, &CalibrationPanel::removeDumps);
    connect(m_dumps, &QListWidget::itemSelectionChanged, this, &CalibrationPanel::describe);
    auto* buttons = new QVBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_remove);
    buttons->addStretch();
    auto* row = new QHBoxLayout;
    row->addWidget(m_dumps, 1);
    row->addLayout(buttons);
    auto* layout = new QVBoxLayout(area);
    layout->setContentsMargins({});
    layout->addWidget(label);
    layout->addLayout(row, 1);
    return area;
}

QWidget* CalibrationPanel::createChoices()
{
    auto* area = new QWidget(this);
    auto* form = new QFormLayout(area);
    form->setContentsMargins({});
    m_method = named(new QComboBox(area), "calibrationMethod", tr("Method to calibrate"));
    for (const MethodInfo& method : Registry::instance().methods())
        if (canCalibrate(method.id))
            m_method->addItem(QString::fromStdString(method.label), QString::fromStdString(method.id));
    form->addRow(tr("Method"), m_method);
    m_caches = named(new QSpinBox(area), "calibrationCaches", tr("Caches that share it"));
    m_caches->setRange(1, 1'000'000);
    m_caches->setKeyboardTracking(false);
    m_caches->setToolTip(tr("The amortised ratio spreads the shared bytes over so many caches"));
    connect(m_caches, &QSpinBox::valueChanged, this, &CalibrationPanel::sharedCachesChanged);
    form->addRow(tr("Shared &by (caches)"), m_caches);
    m_learn = named(new QPushButton(tr("Learn and &save…"), area), "calibrationLearn", tr("Learn and save"));
    m_forget
        = named(new QPushButton(tr("Stop &using it"), area), "calibrationForget", tr("Stop using the calibration"));
    connect(m_learn, &QPushButton::clicked, this, &CalibrationPanel::learn);
    connect(m_forget, &QPushButton::clicked, this, [this] { use({}); });
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_learn);
    buttons->addWidget(m_forget);
    buttons->addStretch();
    form->addRow(buttons);
    m_note = named(new QLabel(area), "calibrationNote", tr("What the method uses"));
    m_note->setWordWrap(true);
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    form->addRow(m_note);
    return area;
}

QString CalibrationPanel::method() const { return m_method->currentData().toString(); }

void CalibrationPanel::setMethod(const QString& methodId)
{
    if (const int index = m_method->findData(methodId); index >= 0)
        m_method->setCurrentIndex(index);
}

void CalibrationPanel::setOpenDump(const QString& path)
{
    if (m_dumps->count() == 1 && m_dumps->item(0)->toolTip() == m_openDump)
        m_dumps->clear();
    m_openDump = path;
    if (m_dumps->count() == 0 && !path.isEmpty()) // a captured dump is no file to learn from
        addDumps({ path });
    describe();
}

void CalibrationPanel::setBusy(bool busy)
{
    m_busy = busy;
    describe();
}

void CalibrationPanel::addDumps(const QStringList& paths)
{
    for (const QString& path : paths) {
        auto* item = new QListWidgetItem(QFileInfo(path).fileName(), m_dumps);
        item->setToolTip(path);
    }
    describe();
}

void CalibrationPanel::chooseDumps()
{
    addDumps(
        QFileDialog::getOpenFileNames(this, tr("Add dumps to learn from"), QFileInfo(m_openDump).path(), dumpFilter()));
}

void CalibrationPanel::removeDumps()
{
    qDeleteAll(m_dumps->selectedItems());
    describe();
}

void CalibrationPanel::learn()
{
    QStringList dumps;
    for (int row = 0; row < m_dumps->count(); ++row)
        dumps << m_dumps->item(row)->toolTip();
    const QString path = askSaveFile(this, tr("Learn and save"),
        QFileInfo(dumps.constFirst()).completeBaseName() + '-' + method() + QStringLiteral(".pikv-basis"),
        tr("Calibrations (*.pikv-basis)"), QStringLiteral("pikv-basis"));
    if (!path.isEmpty())
        Q_EMIT learnRequested(withShared(m_specs->spec(method()), {}), dumps, path);
}

/// An edit like any other: undo brings the method back.
void CalibrationPanel::use(const QString& path)
{
    m_undo->push(new EditSpecCommand(m_specs, withShared(m_specs->spec(method()), path), {}, 0));
}

void CalibrationPanel::showLearned(const QString& methodId, const QString& path, quint64 bytes)
{
    setMethod(methodId);
    use(path);
    m_note->setText(m_note->text() + QLatin1Char(' ') + tr("It has %1 bytes.").arg(QLocale().toString(bytes)));
}

void CalibrationPanel::describe()
{
    const bool any = m_method->count() > 0;
    const QString used = any ? QString::fromStdString(m_specs->spec(method()).params.text("shared")) : QString();
    m_remove->setEnabled(!m_dumps->selectedItems().isEmpty());
    m_learn->setEnabled(any && !m_busy && m_dumps->count() > 0);
    m_forget->setEnabled(!used.isEmpty());
    m_note->setText(used.isEmpty()
            ? tr("%1 learns anew on every cache and stores what it learned with it.").arg(m_method->currentText())
            : tr("%1 uses %2; those bytes are reported apart, as shared bytes.")
                  .arg(m_method->currentText(), QFileInfo(used).fileName()));
}

} // namespace pikv::ui
