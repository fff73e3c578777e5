// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/export/exportspec.h"
#include <QDialog>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace pikv::ui {

class ChartSource;

/// Asks for file, format, size and looks of a chart export; starts from the last one accepted.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    explicit ExportDialog(const ChartSource& chart, QWidget* parent = nullptr);

    ExportSpec spec() const;
    /// Ends with the format's suffix.
    QString path() const;
    void accept() override;

private:
    void createFields(const QString& title);
    void createSizeRow(QFormLayout& form);
    void connectFields();
    void restore(const QString& title);
    void browse();
    void followPath();
    void useFormat();
    void useUnit();
    void describe();

    QLineEdit *m_path, *m_title;
    QComboBox *m_format, *m_unit;
    QDoubleSpinBox *m_width, *m_height, *m_fontScale;
    QSpinBox* m_dpi;
    QCheckBox* m_light;
    QLabel* m_note;
    QDialogButtonBox* m_buttons;
    int m_shownUnit = ExportSpec::Millimetres;
};

} // namespace pikv::ui
