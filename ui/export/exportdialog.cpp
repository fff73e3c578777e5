// SPDX-License-Identifier: GPL-3.0-or-later
// The form of a chart's export: what each field means to the others, and what is remembered.
#include "ui/export/exportdialog.h"
#include "ui/export/chartsource.h"
#include "ui/export/savefile.h"
#include "ui/theme/named.h"
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSettings>
#include <QSignalBlocker>
#include <optional>

namespace pikv::ui {
namespace {

/// The format that the suffix of `path` names; none for any other suffix.
std::optional<ExportSpec::Format> formatOf(const QString& path)
{
    for (const auto format : { ExportSpec::Png, ExportSpec::Svg, ExportSpec::Pdf }) {
        if (path.trimmed().endsWith(QLatin1Char('.') + formatSuffix(format), Qt::CaseInsensitive))
            return format;
    }
    return {};
}

QString fileStem(QString title)
{
    static const QRegularExpression other(QStringLiteral("[^a-z0-9]+"));
    return title.toLower().replace(other, QStringLiteral("-"));
}

} // namespace

ExportDialog::ExportDialog(const ChartSource& chart, QWidget* parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("exportDialog"));
    setWindowTitle(tr("Export “%1”").arg(chart.chartTitle()));
    createFields(chart.chartTitle());
    restore(chart.chartTitle());
    connectFields();
    useFormat();
}

void ExportDialog::createFields(const QString& title)
{
    auto* form = new QFormLayout(this);
    m_path = named(new QLineEdit(this), "exportPath", tr("File"));
    m_path->setMinimumWidth(fontMetrics().averageCharWidth() * 48);
    auto* browse = named(new QPushButton(tr("Browse…"), this), "exportBrowse", tr("Choose the file"));
    browse->setAutoDefault(false);
    connect(browse, &QPushButton::clicked, this, &ExportDialog::browse);
    auto* fileRow = new QHBoxLayout;
    fileRow->addWidget(m_path, 1);
    fileRow->addWidget(browse);
    form->addRow(tr("&File"), fileRow);
    qobject_cast<QLabel*>(form->labelForField(fileRow))->setBuddy(m_path);

    m_format = named(new QComboBox(this), "exportFormat", tr("Format"));
    m_format->addItems({ tr("PNG image"), tr("SVG drawing"), tr("PDF document") });
    form->addRow(tr("F&ormat"), m_format);
    createSizeRow(*form);
    m_dpi = named(new QSpinBox(this), "exportDpi", tr("Resolution"));
    m_dpi->setRange(36, 1200);
    m_dpi->setSuffix(tr(" dpi"));
    form->addRow(tr("&Resolution"), m_dpi);
    m_fontScale = named(new QDoubleSpinBox(this), "exportFontScale", tr("Text size"));
    m_fontScale->setRange(0.5, 4);
    m_fontScale->setSingleStep(0.1);
    m_fontScale->setPrefix(QStringLiteral("× "));
    form->addRow(tr("&Text size"), m_fontScale);
    m_title = named(new QLineEdit(title, this), "exportTitle", tr("Title"));
    m_title->setPlaceholderText(tr("None"));
    m_title->setClearButtonEnabled(true);
    form->addRow(tr("T&itle"), m_title);
    m_light = named(new QCheckBox(tr("&Light background"), this), "exportLight", tr("Light background"));
    form->addRow(QString(), m_light);
    m_note = named(new QLabel(this), "exportNote", tr("What will be written"));
    m_note->setWordWrap(true);
    form->addRow(m_note);
    m_buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, this);
    form->addRow(m_buttons);
}

void ExportDialog::createSizeRow(QFormLayout& form)
{
    m_width = named(new QDoubleSpinBox(this), "exportWidth", tr("Width"));
    m_height = named(new QDoubleSpinBox(this), "exportHeight", tr("Height"));
    m_unit = named(new QComboBox(this), "exportUnit", tr("Unit of the size"));
    m_unit->addItems({ tr("mm"), tr("pixels") });
    auto* row = new QHBoxLayout;
    row->addWidget(m_width, 1);
    row->addWidget(new QLabel(QStringLiteral("×"), this));
    row->addWidget(m_height, 1);
    row->addWidget(m_unit);
    form.addRow(tr("Si&ze"), row);
    qobject_cast<QLabel*>(form.labelForField(row))->setBuddy(m_width);
}

void ExportDialog::connectFields()
{
    connect(m_buttons, &QDialogButtonBox::accepted, this, &ExportDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &ExportDialog::reject);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::useFormat);
    connect(m_unit, &QComboBox::currentIndexChanged, this, &ExportDialog::useUnit);
    connect(m_dpi, &QSpinBox::valueChanged, this, &ExportDialog::describe);
    connect(m_path, &QLineEdit::textChanged, this, &ExportDialog::followPath);
    for (QDoubleSpinBox* box : { m_width, m_height })
        connect(box, &QDoubleSpinBox::valueChanged, this, &ExportDialog::describe);
}

void ExportDialog::restore(const QString& title)
{
    const QSettings settings;
    const auto stored = [&](const char* key, const QVariant& fallback) {
        return settings.value(QStringLiteral("export/") + QLatin1String(key), fallback);
    };
    const ExportSpec standard;
    m_format->setCurrentIndex(qBound(0, stored("format", standard.format).toInt(), 2));
    m_shownUnit = qBound(0, stored("unit", standard.unit).toInt(), 1);
    m_unit->setCurrentIndex(m_shownUnit);
    for (QDoubleSpinBox* box : { m_width, m_height }) {
        box->setDecimals(m_shownUnit == ExportSpec::Pixels ? 0 : 1);
        box->setRange(10, m_shownUnit == ExportSpec::Pixels ? 20000 : 2000);
    }
    m_width->setValue(stored("width", standard.width).toDouble());
    m_height->setValue(stored("height", standard.height).toDouble());
    m_dpi->setValue(stored("dpi", standard.dpi).toInt());
    m_light->setChecked(stored("light", standard.light).toBool());
    m_fontScale->setValue(stored("fontScale", standard.fontScale).toDouble());
    const QString folder = stored("folder", QDir::homePath()).toString();
    m_path->setText(QDir::toNativeSeparators(
        QDir(QFileInfo(folder).isDir() ? folder : QDir::homePath()).filePath(fileStem(title))));
}

ExportSpec ExportDialog::spec() const
{
    ExportSpec spec;
    spec.format = ExportSpec::Format(m_format->currentIndex());
    spec.unit = ExportSpec::Unit(m_unit->currentIndex());
    spec.width = m_width->value();
    spec.height = m_height->value();
    spec.dpi = m_dpi->value();
    spec.light = m_light->isChecked();
    spec.fontScale = m_fontScale->value();
    spec.title = m_title->text().trimmed();
    return spec;
}

QString ExportDialog::path() const
{
    const QString path = QDir::fromNativeSeparators(m_path->text().trimmed());
    const QString suffix = QLatin1Char('.') + formatSuffix(spec().format);
    return path.endsWith(suffix, Qt::CaseInsensitive) ? path : path + suffix;
}

void ExportDialog::browse()
{
    const QString suffix = formatSuffix(spec().format);
    QStringList filters { QStringLiteral("%1 (*.%2)").arg(m_format->currentText(), suffix) };
    for (int i = 0; i < m_format->count(); ++i) { // a name with another format's suffix is that format's
        if (i != m_format->currentIndex())
            filters << QStringLiteral("%1 (*.%2)").arg(m_format->itemText(i), formatSuffix(ExportSpec::Format(i)));
    }
    const QString chosen = askSaveFile(this, windowTitle(), path(), filters.join(QStringLiteral(";;")), suffix);
    if (!chosen.isEmpty())
        m_path->setText(QDir::toNativeSeparators(chosen));
}

/// "t.svg" means an SVG, whatever the format was.
void ExportDialog::followPath()
{
    const QSignalBlocker quiet(m_format);
    if (const auto format = formatOf(m_path->text()))
        m_format->setCurrentIndex(*format);
    describe();
}

void ExportDialog::useFormat()
{
    const ExportSpec::Format wanted = spec().format;
    QString stem = m_path->text().trimmed();
    if (const auto named = formatOf(stem))
        stem.chop(formatSuffix(*named).size() + 1);
    m_path->setText(stem + QLatin1Char('.') + formatSuffix(wanted));
    describe();
}

void ExportDialog::useUnit()
{
    if (m_unit->currentIndex() == m_shownUnit)
        return;
    m_shownUnit = m_unit->currentIndex();
    const bool pixels = m_shownUnit == ExportSpec::Pixels;
    for (QDoubleSpinBox* box : { m_width, m_height }) {
        const QSignalBlocker quiet(box);
        const double value = box->value() * (pixels ? m_dpi->value() / 25.4 : 25.4 / m_dpi->value());
        box->setDecimals(pixels ? 0 : 1);
        box->setRange(10, pixels ? 20000 : 2000);
        box->setValue(value);
    }
    describe();
}

void ExportDialog::describe()
{
    const ExportSpec now = spec();
    const QSize pixels = now.pixels();
    QStringList parts;
    if (now.format == ExportSpec::Png)
        parts << tr("%1 × %2 pixels").arg(pixels.width()).arg(pixels.height());
    else
        parts << tr("Vector drawing, %1 × %2 mm")
                     .arg(now.sheet().width() * 25.4 / 96, 0, 'f', 0)
                     .arg(now.sheet().height() * 25.4 / 96, 0, 'f', 0);
    const QFileInfo file(path());
    const bool folderThere = !m_path->text().trimmed().isEmpty() && file.absoluteDir().exists();
    if (!folderThere)
        parts << tr("the folder does not exist");
    else if (file.exists())
        parts << tr("the file exists and will be replaced");
    m_note->setText(parts.join(QStringLiteral("; ")));
    m_buttons->button(QDialogButtonBox::Save)->setEnabled(folderThere && !file.isDir());
}

void ExportDialog::accept()
{
    QSettings settings;
    settings.beginGroup(QStringLiteral("export"));
    const ExportSpec now = spec();
    settings.setValue(QStringLiteral("format"), int(now.format));
    settings.setValue(QStringLiteral("unit"), int(now.unit));
    settings.setValue(QStringLiteral("width"), now.width);
    settings.setValue(QStringLiteral("height"), now.height);
    settings.setValue(QStringLiteral("dpi"), now.dpi);
    settings.setValue(QStringLiteral("light"), now.light);
    settings.setValue(QStringLiteral("fontScale"), now.fontScale);
    settings.setValue(QStringLiteral("folder"), QFileInfo(path()).absolutePath());
    QDialog::accept();
}

} // namespace pikv::ui
