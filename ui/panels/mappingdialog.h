// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/formats/dumpmapping.h"
#include <QDialog>
#include <QList>

class QCheckBox;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;
class QTableView;

namespace pikv::ui {

/// Asks which tensors of a file are keys and values and what their axes are. Shows all the while what would be read, or
/// why nothing would; OK only where something is.
class MappingDialog : public QDialog {
    Q_OBJECT
public:
    /// Starts from `mapping`; where there is none, from what the names and shapes suggest.
    MappingDialog(TensorListing listing, const std::optional<DumpMapping>& mapping, QWidget* parent = nullptr);

    /// As it is filled in; it fits where the dialog was accepted.
    DumpMapping mapping() const;

private:
    void createTable();
    void createFields();
    QLineEdit* addName(const QString& title, const char* name);
    void takeName(QLineEdit* edit);
    void showMapping(const DumpMapping& mapping);
    void showBoxes(const std::vector<std::string>& axes);
    void followNames();
    void preview();
    const StoredTensor* example() const;

    TensorListing m_listing;
    QTableView* m_table;
    QCheckBox* m_together;
    QLineEdit *m_key, *m_value, *m_both;
    QWidget* m_axes;
    QHBoxLayout* m_axesRow;
    QWidget* m_beforeAxes; ///< in the order of the keyboard
    QList<QComboBox*> m_boxes; ///< of every axis
    QSpinBox* m_headDim;
    QLabel* m_preview;
    QLineEdit* m_option; ///< the same for the command line, to be copied
    QPushButton* m_ok = nullptr;
};

} // namespace pikv::ui
