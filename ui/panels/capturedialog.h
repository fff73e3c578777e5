// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/engine/languagemodels.h"
#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QSpinBox;

namespace pikv::ui {

/// Asks for a text and captures its cache with the open model. Stays open while the model works and when it fails, so
/// that no text is lost; accepted when the dump is there.
class CaptureDialog : public QDialog {
    Q_OBJECT
public:
    CaptureDialog(LanguageModels* models, QWidget* parent = nullptr);

    void setText(const QString& text);
    /// The dump and what to say of it, once accepted.
    CachePtr cache() const { return m_cache; }
    QString note() const { return m_note; }
    bool saveWanted() const;

    void showProgress(const QString& stage, int done, int total);

public Q_SLOTS:
    void reject() override;

Q_SIGNALS:
    /// The running capture is no longer wanted.
    void cancelRequested();
    void openModelRequested();

private:
    void createFields();
    void openTextFile();
    void start();
    void showState(const QString& message);
    void noteText();

    LanguageModels* m_models;
    QPlainTextEdit* m_text;
    QSpinBox *m_tokens, *m_queries;
    QComboBox* m_dtype;
    QCheckBox* m_save;
    QLabel *m_model, *m_state;
    QPushButton *m_start, *m_openModel;
    CachePtr m_cache;
    QString m_note;
};

} // namespace pikv::ui
