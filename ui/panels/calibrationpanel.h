// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include <QStringList>
#include <QWidget>

class QComboBox;
class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;
class QUndoStack;

namespace pikv::ui {

class SpecStore;

/// Learns what a method can learn ahead (a basis, a codebook, a student) on one or more dumps and lets the method use
/// it; says how many caches share its bytes.
class CalibrationPanel : public QWidget {
    Q_OBJECT
public:
    CalibrationPanel(SpecStore* specs, QUndoStack* undo, QWidget* parent = nullptr);

    /// Where the method can be calibrated it becomes the chosen one.
    void setMethod(const QString& methodId);
    /// The dump that is open: the first to learn from, while the user has named none.
    void setOpenDump(const QString& path);
    void setBusy(bool busy);
    void showLearned(const QString& methodId, const QString& path, quint64 bytes);

Q_SIGNALS:
    /// `method` has no shared calibration itself.
    void learnRequested(const pikv::MethodSpec& method, const QStringList& dumps, const QString& path);
    void sharedCachesChanged(int caches);

private:
    QWidget* createDumps();
    QWidget* createChoices();
    void addDumps(const QStringList& paths);
    void chooseDumps();
    void removeDumps();
    void learn();
    void use(const QString& path);
    void describe();
    QString method() const;

    SpecStore* m_specs;
    QUndoStack* m_undo;
    QComboBox* m_method;
    QListWidget* m_dumps;
    QPushButton *m_remove, *m_learn, *m_forget;
    QSpinBox* m_caches;
    QLabel* m_note;
    QString m_openDump;
    bool m_busy = false;
};

} // namespace pikv::ui
