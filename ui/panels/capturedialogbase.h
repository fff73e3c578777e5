// SPDX-License-Identifier: GPL-3.0-or-later
// What dialogs that capture have in common.
#pragma once
#include "ui/engine/languagemodels.h"
#include <QDialog>

class QComboBox;
class QDialogButtonBox;
class QFormLayout;
class QLabel;
class QPushButton;
class QSpinBox;
class QVBoxLayout;

namespace pikv::ui {

/// A dialog that captures with the open model: it stays open while the model works and when that fails, so that nothing
/// that was put into it is lost.
class CaptureDialogBase : public QDialog {
    Q_OBJECT
public:
    void showProgress(const QString& stage, int done, int total);

public Q_SLOTS:
    void reject() override;

Q_SIGNALS:
    /// The running capture is no longer wanted.
    void cancelRequested();
    void openModelRequested();

protected:
    explicit CaptureDialogBase(LanguageModels* models, QWidget* parent);

    LanguageModels* models() const { return m_models; }
    QPushButton* openModelButton() const { return m_openModel; }
    void addModelRow(QFormLayout* form);
    /// Queries and number format.
    void addFormatRows(QFormLayout* form);
    /// State and buttons.
    void addButtons(QVBoxLayout* layout);
    /// Tab goes through `above`, of which the first has the focus, queries and format, `below` and the buttons.
    void orderTabs(const QList<QWidget*>& above, const QList<QWidget*>& below);
    qint64 queries() const;
    DType dtype() const;
    /// Something is there to be captured.
    virtual bool hasText() const = 0;
    /// Asks the models; what then fails comes back as showState().
    virtual void begin() = 0;
    /// To be called where hasText() may have changed: says what stands in the way of capturing, if anything does.
    void refresh();
    void showState(const QString& message);

private:
    LanguageModels* m_models;
    QSpinBox* m_queries;
    QComboBox* m_dtype;
    QLabel *m_model, *m_state;
    QPushButton *m_start, *m_openModel;
    QDialogButtonBox* m_buttons;
};

} // namespace pikv::ui
