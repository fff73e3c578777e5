// SPDX-License-Identifier: GPL-3.0-or-later
// Texts in cells, and core's own grammar behind them: what a row says is what expandSpec() makes of it.
#include "ui/models/sweepgridmodel.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/codec/specassignments.h"
#include "ui/theme/theme.h"
#include <QApplication>
#include <QFont>
#include <QPalette>
#include <algorithm>

namespace pikv::ui {
namespace {

bool isListParam(const ParamSpec& param)
{
    return param.type == ParamType::IntList || param.type == ParamType::RealList;
}

/// Several entries, or a range: in brackets for the grammar.
bool needsBrackets(const ParamSpec& param, const std::string& text)
{
    const bool isNumber = param.type == ParamType::Int || param.type == ParamType::Real;
    return splitTopLevel(text, ',').size() > 1 || (isNumber && text.find("..") != std::string::npos);
}

/// The inverse, of an assignment's text.
QString cellText(const ParamSpec& param, const std::string& value)
{
    const bool isSweep
        = value.starts_with('[') && value.ends_with(']') && (!isListParam(param) || value.starts_with("[["));
    const std::string inner = isSweep ? value.substr(1, value.size() - 2) : value;
    QStringList parts;
    for (const std::string& part : splitTopLevel(inner, ','))
        parts << QString::fromStdString(part);
    return parts.join(QStringLiteral(", "));
}

QString allowedText(const ParamSpec& param)
{
    QStringList choices;
    for (const std::string& choice : param.choices)
        choices << QString::fromStdString(choice);
    if (!choices.isEmpty())
        return choices.join(QStringLiteral(", "));
    if (param.type == ParamType::Bool)
        return QStringLiteral("false, true");
    if (param.type == ParamType::File)
        return QObject::tr("a file");
    const QString unit = param.unit.empty() ? QString() : QLatin1Char(' ') + QString::fromStdString(param.unit);
    const QString range
        = QObject::tr("%1 to %2%3").arg(QString::number(param.minimum), QString::number(param.maximum), unit);
    return isListParam(param) ? QObject::tr("[lists] of %1").arg(range) : range;
}

QStandardItem* cell(const QString& text, const QString& tip)
{
    auto* item = new QStandardItem(text);
    item->setEditable(false);
    item->setToolTip(tip);
    return item;
}

} // namespace

SweepGridModel::SweepGridModel(QObject* parent)
    : QStandardItemModel(0, ColumnCount, parent)
{
    setHorizontalHeaderLabels({ tr("Method, parameter"), tr("Values"), tr("Allowed"), tr("Points"), tr("Time") });
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString sentence = QString::fromStdString(method.sentence);
        QList<QStandardItem*> cells { cell(QString::fromStdString(method.label), sentence) };
        while (cells.size() < ColumnCount)
            cells << cell({}, sentence);
        cells.front()->setCheckable(true);
        cells.front()->setData(QString::fromStdString(method.id), NameRole);
        for (const ParamSpec& param : method.params) {
            const QString help = QString::fromStdString(param.help);
            QList<QStandardItem*> row { cell(QString::fromStdString(param.label), help), cell({}, help),
                cell(allowedText(param), help), cell({}, help), cell({}, help) };
            row.front()->setData(QString::fromStdString(param.name), NameRole);
            row[ValuesColumn]->setEditable(true);
            cells.front()->appendRow(row);
        }
        appendRow(cells);
        m_rows.push_back({ QString::fromStdString(method.id), cells.front(), {}, {} });
        expand(m_rows.back());
        showValues(m_rows.back());
    }
}

const SweepGridModel::Row* SweepGridModel::rowOf(const QString& methodId) const
{
    const auto at = std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& row) { return row.id == methodId; });
    return at == m_rows.end() ? nullptr : &*at;
}

void SweepGridModel::setSpec(const std::string& spec, bool check)
{
    const auto assignments = specAssignments(spec);
    const QString id = QString::fromStdString(trimmed(spec.substr(0, spec.find(':'))));
    Row* row = rowOf(id);
    const MethodInfo& method = Registry::instance().get(id.toStdString());
    for (int i = 0; i < row->item->rowCount(); ++i) {
        const ParamSpec& param = method.params[std::size_t(i)];
        QString text;
        for (const auto& [name, value] : assignments)
            if (name == param.name)
                text = cellText(param, value);
        QStandardItemModel::setData(row->item->child(i, ValuesColumn)->index(), text, Qt::EditRole);
    }
    expand(*row);
    showValues(*row);
    row->item->setCheckState(check ? Qt::Checked : Qt::Unchecked);
}

void SweepGridModel::setChecked(const QStringList& methods)
{
    for (const Row& row : m_rows)
        row.item->setCheckState(methods.contains(row.id) ? Qt::Checked : Qt::Unchecked);
}

QStringList SweepGridModel::checkedMethods() const
{
    QStringList ids;
    for (const Row& row : m_rows)
        if (row.item->checkState() == Qt::Checked)
            ids << row.id;
    return ids;
}

std::string SweepGridModel::specOf(const QString& methodId) const
{
    const Row* row = rowOf(methodId);
    const MethodInfo& method = Registry::instance().get(methodId.toStdString());
    std::string spec = method.id;
    char separator = ':';
    for (int i = 0; i < row->item->rowCount(); ++i) {
        const ParamSpec& param = method.params[std::size_t(i)];
        std::string text = row->item->child(i, ValuesColumn)->data(Qt::EditRole).toString().toStdString();
        if (text.empty())
            continue;
        std::string packed; // "4, 8" is "4,8": a spec has no blanks
        for (const std::string& part : splitTopLevel(text, ','))
            packed += (packed.empty() ? "" : ",") + part;
        spec += separator + param.name + "=" + (needsBrackets(param, packed) ? "[" + packed + "]" : packed);
        separator = ',';
    }
    return spec;
}

const std::vector<MethodSpec>& SweepGridModel::points(const QString& methodId) const { return rowOf(methodId)->points; }

QString SweepGridModel::problem() const
{
    for (const Row& row : m_rows)
        if (row.item->checkState() == Qt::Checked && !row.problem.isEmpty())
            return row.problem;
    return {};
}

QModelIndex SweepGridModel::indexOf(const QString& methodId) const
{
    const Row* row = rowOf(methodId);
    return row ? row->item->index() : QModelIndex();
}

void SweepGridModel::setCost(const QString& methodId, const QString& points, const QString& time)
{
    const int at = rowOf(methodId)->item->row();
    item(at, PointsColumn)->setText(points);
    item(at, TimeColumn)->setText(time);
}

bool SweepGridModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!QStandardItemModel::setData(index, value, role))
        return false;
    if (role == Qt::CheckStateRole)
        Q_EMIT checkedChanged();
    if (role != Qt::EditRole || index.column() != ValuesColumn || !index.parent().isValid())
        return true;
    Row& row = m_rows[std::size_t(index.parent().row())];
    expand(row);
    showValues(row);
    Q_EMIT valuesChanged(row.id);
    return true;
}

void SweepGridModel::expand(Row& row)
{
    row.points.clear();
    row.problem.clear();
    try {
        row.points = expandSpec(specOf(row.id));
    } catch (const Error& error) {
        row.problem = QString::fromUtf8(error.what());
    }
}

/// Defaults in grey where no value is given; what is wrong in red, in its cell and in the method's row.
void SweepGridModel::showValues(const Row& row)
{
    const QPalette palette = QApplication::palette();
    const MethodInfo& method = Registry::instance().get(row.id.toStdString());
    for (int i = 0; i < row.item->rowCount(); ++i) {
        const ParamSpec& param = method.params[std::size_t(i)];
        QStandardItem* name = row.item->child(i, NameColumn);
        QStandardItem* value = row.item->child(i, ValuesColumn);
        const bool isGiven = !value->data(Qt::EditRole).toString().isEmpty();
        QFont font = name->font();
        font.setBold(isGiven);
        name->setFont(font);
        const bool isWrong = !row.problem.isEmpty() && isGiven
            && row.problem.startsWith(QString::fromStdString(method.id + ": " + param.name));
        value->setForeground(isWrong ? errorColor(palette) : palette.color(QPalette::Text));
        value->setToolTip(isWrong ? row.problem
                                  : tr("%1 Values with commas between, or a range such as %2; empty: the default, %3.")
                                        .arg(QString::fromStdString(param.help), QStringLiteral("4..64:*2"),
                                            QString::fromStdString(printParam(param.defaultValue))));
    }
    const std::string spec = specOf(row.id);
    const auto colon = spec.find(':');
    QStandardItem* summary = item(row.item->row(), ValuesColumn);
    summary->setText(colon == std::string::npos ? tr("defaults") : QString::fromStdString(spec.substr(colon + 1)));
    summary->setForeground(row.problem.isEmpty() ? palette.color(QPalette::PlaceholderText) : errorColor(palette));
    summary->setToolTip(row.problem.isEmpty() ? summary->text() : row.problem);
}

} // namespace pikv::ui
