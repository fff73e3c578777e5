// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/panels/capturedialogbase.h"
#include <QStringList>

class QLineEdit;

namespace pikv::ui {

class PathList;

/// Asks for texts, context lengths and a folder, and captures a dump of every text at every context there; accepted
/// when all are there. Those of an attempt that came to no end are not captured anew.
class CaptureTextsDialog : public CaptureDialogBase {
    Q_OBJECT
public:
    /// `folder`: where the dumps go unless the user says otherwise. `positions`: that the next-token test is to predict
    /// behind a context; 0: as many as it takes by itself.
    CaptureTextsDialog(LanguageModels* models, const QString& folder, qint64 positions, QWidget* parent = nullptr);

    void addTexts(const QStringList& paths);
    /// Paths, text by text; once accepted.
    QStringList dumps() const { return m_dumps; }

protected:
    bool hasText() const override;
    void begin() override;

private:
    QWidget* createTexts();
    QWidget* createFolder(const QString& folder);
    void chooseTexts();
    void chooseFolder();

    qint64 m_positions;
    PathList* m_texts;
    QLineEdit *m_contexts, *m_folder;
    QPushButton *m_add, *m_remove, *m_choose;
    QStringList m_dumps;
};

} // namespace pikv::ui
