// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/protectedtokens.h"
#include <QDialog>
#include <optional>

class QRadioButton;
class QSpinBox;

namespace pikv::ui {

/// Which tokens all methods keep at 16 bits.
class LikeForLikeDialog : public QDialog {
    Q_OBJECT
public:
    /// `present`: what all keep now; nothing: each its own.
    explicit LikeForLikeDialog(const std::optional<ProtectedTokens>& present, QWidget* parent = nullptr);

    /// Nothing: each method its own.
    std::optional<ProtectedTokens> tokens() const;

private:
    QRadioButton* m_own;
    QRadioButton* m_none;
    QRadioButton* m_same;
    QSpinBox* m_sinks;
    QSpinBox* m_recent;
};

} // namespace pikv::ui
