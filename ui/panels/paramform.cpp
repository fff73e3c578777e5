// SPDX-License-Identifier: GPL-3.0-or-later
// The form is built anew for every method: header, one row a parameter, further ones behind "More", settings as text.
#include "ui/panels/paramform.h"
#include "core/base/error.h"
#include "core/codec/registry.h"
#include "core/study/choices.h"
#include "core/study/presets.h"
#include "ui/models/specstore.h"
#include "ui/panels/parameditor.h"
#include <QApplication>
#include <QClipboard>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QToolButton>
#include <QUndoStack>

namespace pikv::ui {
namespace {

QLabel* wrapped(const QString& text, const char* name)
{
    auto* label = new QLabel(text);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setMinimumWidth(1);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

QFont smallFont(QFont font)
{
    if (font.pointSizeF() > 0)
        font.setPointSizeF(font.pointSizeF() * 0.88);
    return font;
}

/// arXiv numbers become links to the paper.
QString linkedReference(const QString& reference)
{
    static const QRegularExpression number(QStringLiteral("arXiv[: ](\\d{4}\\.\\d{4,5})"));
    return reference.toHtmlEscaped().replace(
        number, QStringLiteral("<a href=\"https://arxiv.org/abs/\\1\">arXiv \\1</a>"));
}

QString rangeText(const ParamSpec& spec)
{
    if (!spec.choices.empty() || spec.maximum <= spec.minimum)
        return {};
    return QObject::tr(" (%1 to %2)").arg(QString::number(spec.minimum), QString::number(spec.maximum));
}

} // namespace

ParamForm::ParamForm(SpecStore* store, QUndoStack* undo, QWidget* parent)
    : QScrollArea(parent)
    , m_store(store)
    , m_undo(undo)
{
    setObjectName(QStringLiteral("paramForm"));
    setAccessibleName(tr("Parameters"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    connect(store, &SpecStore::specChanged, this, [this](const QString& id) {
        if (id == m_method)
            showSpec();
    });
    build();
}

void ParamForm::setMethod(const QString& methodId)
{
    if (methodId == m_method)
        return;
    m_method = methodId;
    ++m_session;
    build();
}

void ParamForm::build()
{
    m_editors.clear();
    m_resets.clear();
    m_advancedWidgets.clear();
    m_text = nullptr;
    auto* page = new QWidget;
    auto* grid = new QGridLayout(page);
    grid->setColumnStretch(1, 1);
    const MethodInfo* method = Registry::instance().find(m_method.toStdString());
    if (!method) {
        grid->addWidget(
            wrapped(tr("Choose a method in the list above to set its parameters."), "paramHint"), 0, 0, 1, 3);
    } else {
        addHeader(grid);
        for (const ParamSpec& spec : method->params)
            if (!spec.advanced)
                addRow(grid, spec);
        addAdvanced(grid);
        addFooter(grid);
        showSpec();
    }
    grid->setRowStretch(grid->rowCount(), 1);
    if (QWidget* before = takeWidget())
        before->deleteLater(); // what asked for the new form may be one of its controls
    setWidget(page);
}

void ParamForm::addHeader(QGridLayout* grid)
{
    const MethodInfo& method = Registry::instance().get(m_method.toStdString());
    auto* title = new QLabel(QStringLiteral("<b>%1</b>").arg(QString::fromStdString(method.label).toHtmlEscaped()));
    title->setObjectName(QStringLiteral("paramTitle"));
    title->setToolTip(QString::fromStdString(method.reference));
    grid->addWidget(title, 0, 0, 1, 3);
    QLabel* sentence = wrapped(QString::fromStdString(method.sentence), "paramSentence");
    sentence->setToolTip(QString::fromStdString(method.reference));
    grid->addWidget(sentence, 1, 0, 1, 3);
    if (method.reference.empty() || method.reference == "none")
        return;
    QLabel* reference = wrapped(linkedReference(QString::fromStdString(method.reference)), "paramReference");
    reference->setFont(smallFont(font()));
    reference->setForegroundRole(QPalette::PlaceholderText);
    reference->setTextFormat(Qt::RichText); // "&amp;" is no sign of it
    reference->setTextInteractionFlags(Qt::TextBrowserInteraction);
    reference->setOpenExternalLinks(true);
    reference->setAccessibleName(tr("Reference"));
    grid->addWidget(reference, 2, 0, 1, 3);
}

void ParamForm::changeEvent(QEvent* event)
{
    QScrollArea::changeEvent(event);
    auto* reference = findChild<QLabel*>(QStringLiteral("paramReference"));
    if (event->type() != QEvent::PaletteChange || !reference)
        return;
    const QString text = reference->text();
    reference->clear(); // its links keep the colour that the palette had when the text was set
    reference->setText(text);
}

void ParamForm::addRow(QGridLayout* grid, const ParamSpec& spec)
{
    const QString name = QString::fromStdString(spec.name);
    ParamEditor* editor = ParamEditor::create(m_method, spec, nullptr);
    auto* label = new QLabel(QString::fromStdString(spec.label));
    label->setBuddy(editor->buddy());
    label->setToolTip(QString::fromStdString(spec.help) + rangeText(spec));
    auto* reset = new QToolButton;
    reset->setObjectName(QStringLiteral("param_%1_reset").arg(name));
    reset->setAccessibleName(tr("Reset %1").arg(QString::fromStdString(spec.label)));
    reset->setToolTip(tr("Back to the default, %1").arg(QString::fromStdString(printParam(spec.defaultValue))));
    reset->setText(QStringLiteral("\u21ba"));
    reset->setAutoRaise(true);
    QSizePolicy keepsItsPlace = reset->sizePolicy();
    keepsItsPlace.setRetainSizeWhenHidden(true);
    reset->setSizePolicy(keepsItsPlace);
    const int row = grid->rowCount();
    auto* help = wrapped(QString::fromStdString(spec.help), "paramHelp");
    help->setForegroundRole(QPalette::PlaceholderText);
    help->setFont(smallFont(font()));
    help->setTextInteractionFlags(Qt::NoTextInteraction);
    grid->addWidget(label, row, 0);
    grid->addWidget(editor, row, 1);
    grid->addWidget(reset, row, 2);
    grid->addWidget(help, row + 1, 0, 1, 3);
    connect(editor, &ParamEditor::edited, this, [this, spec](const ParamValue& value) { edit(spec, value); });
    connect(editor, &ParamEditor::committed, this, [this] { ++m_session; });
    connect(reset, &QToolButton::clicked, this, [this, spec] {
        ++m_session;
        edit(spec, spec.defaultValue);
        ++m_session;
    });
    m_editors.insert(name, editor);
    m_resets.insert(name, reset);
    if (spec.advanced)
        m_advancedWidgets << label << editor << help;
}

void ParamForm::addAdvanced(QGridLayout* grid)
{
    auto* toggle = new QToolButton;
    toggle->setObjectName(QStringLiteral("paramAdvanced"));
    toggle->setText(tr("More"));
    toggle->setAccessibleName(tr("Show further parameters"));
    toggle->setToolTip(tr("Protected tokens, shared calibrations and other parameters that are seldom changed"));
    toggle->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    toggle->setAutoRaise(true);
    toggle->setCheckable(true);
    toggle->setChecked(m_showAdvanced);
    grid->addWidget(toggle, grid->rowCount(), 0, 1, 3);
    for (const ParamSpec& spec : Registry::instance().get(m_method.toStdString()).params)
        if (spec.advanced)
            addRow(grid, spec);
    const auto show = [this, toggle](bool on) {
        m_showAdvanced = on;
        toggle->setArrowType(on ? Qt::DownArrow : Qt::RightArrow);
        for (QWidget* widget : m_advancedWidgets)
            widget->setVisible(on);
        showSpec();
    };
    show(m_showAdvanced);
    connect(toggle, &QToolButton::toggled, this, show);
}

void ParamForm::addFooter(QGridLayout* grid)
{
    m_text = new QLineEdit;
    m_text->setObjectName(QStringLiteral("paramSpecText"));
    m_text->setAccessibleName(tr("Settings as text"));
    m_text->setToolTip(tr("The settings as 'pikv eval --with' takes them; edit or paste here and press Enter"));
    auto* reset = new QPushButton(tr("Reset all"));
    reset->setObjectName(QStringLiteral("paramResetAll"));
    reset->setToolTip(tr("Every parameter of this method back to its default"));
    auto* footer = new QHBoxLayout;
    footer->addWidget(m_text, 1);
    footer->addWidget(reset);
    grid->addLayout(footer, grid->rowCount(), 0, 1, 3);
    connect(m_text, &QLineEdit::returnPressed, this, [this] { applyText(m_text->text()); });
    connect(reset, &QPushButton::clicked, this, &ParamForm::resetAll);
}

void ParamForm::edit(const ParamSpec& spec, const ParamValue& value)
{
    MethodSpec after = m_store->spec(m_method);
    after.params.set(spec.name, value);
    if (!(after == m_store->spec(m_method)))
        m_undo->push(new EditSpecCommand(m_store, after, QString::fromStdString(spec.name), m_session));
}

void ParamForm::resetAll()
{
    const MethodInfo* method = Registry::instance().find(m_method.toStdString());
    if (!method)
        return;
    ++m_session;
    const MethodSpec defaults { method->id, ParamSet(method->params) };
    if (!(defaults == m_store->spec(m_method)))
        m_undo->push(new EditSpecCommand(m_store, defaults, {}, m_session));
}

void ParamForm::copySettings()
{
    if (!m_method.isEmpty())
        QApplication::clipboard()->setText(QString::fromStdString(printSpec(m_store->spec(m_method))));
}

void ParamForm::pasteSettings()
{
    const QString text = QApplication::clipboard()->text().trimmed();
    if (looksLikePreset(text.toStdString()))
        Q_EMIT presetPasted(text);
    else
        applyText(text);
}

void ParamForm::applyText(const QString& text)
{
    try {
        adopt(parseSpec(text.toStdString()));
    } catch (const Error& e) {
        Q_EMIT refused(QString::fromStdString(e.what()));
    }
}

void ParamForm::adopt(const MethodSpec& spec)
{
    const QString id = QString::fromStdString(spec.id);
    Q_EMIT methodRequested(id);
    if (!(spec == m_store->spec(id)))
        m_undo->push(new EditSpecCommand(m_store, spec, {}, ++m_session));
}

void ParamForm::setCache(const CacheInfo& info)
{
    m_cache = info;
    showReach();
}

void ParamForm::showReach()
{
    if (m_method.isEmpty() || m_cache.layers.empty())
        return;
    const MethodSpec& spec = m_store->spec(m_method);
    for (ParamEditor* editor : m_editors) {
        const ParamType type = editor->spec().type;
        if (type == ParamType::Int || type == ParamType::Real)
            editor->setReach(usableMaximum(spec, editor->spec(), m_cache));
    }
}

void ParamForm::showSpec()
{
    showReach();
    const MethodSpec& spec = m_store->spec(m_method);
    for (auto at = m_editors.cbegin(); at != m_editors.cend(); ++at) {
        const ParamValue& value = spec.params.value(at.key().toStdString());
        at.value()->setValue(value);
        m_resets.value(at.key())->setVisible(
            (m_showAdvanced || !at.value()->spec().advanced) && value != at.value()->spec().defaultValue);
    }
    if (m_text)
        m_text->setText(QString::fromStdString(printSpec(spec)));
}

} // namespace pikv::ui
