// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLabel>

namespace pikv::ui {

/// Covers a chart that has nothing to show and says what to do: to open a dump, and with a dump open `text`.
class EmptyHint : public QLabel {
    Q_OBJECT
public:
    EmptyHint(const QString& text, const QString& objectName, QWidget* chart);
    void setDumpOpen(bool open);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QString m_text;
};

} // namespace pikv::ui
