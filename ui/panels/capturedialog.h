// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/panels/capturedialogbase.h"

class QCheckBox;
class QPlainTextEdit;

namespace pikv::ui {

/// Asks for a text and captures its cache; accepted when the dump is there.
class CaptureDialog : public CaptureDialogBase {
    Q_OBJECT
public:
    explicit CaptureDialog(LanguageModels* models, QWidget* parent = nullptr);

    void setText(const QString& text);
    /// The dump and what to say of it, once accepted.
    CachePtr cache() const { return m_cache; }
    QString note() const { return m_note; }
    bool saveWanted() const;

protected:
    bool hasText() const override;
    void begin() override;

private:
    void openTextFile();

    QPlainTextEdit* m_text;
    QSpinBox* m_tokens;
    QCheckBox* m_save;
    CachePtr m_cache;
    QString m_note;
};

} // namespace pikv::ui
