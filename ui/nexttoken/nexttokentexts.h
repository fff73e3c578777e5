// SPDX-License-Identifier: GPL-3.0-or-later
// What the next-token tab writes: pure functions of the controller's state, which is to be Ready.
#pragma once
#include "ui/nexttoken/tokentext.h"
#include <QMap>
#include <QPalette>
#include <cstdint>
#include <vector>

namespace pikv::ui {

class NextTokenController;

/// The end of the context and the whole continuation.
QList<ShownToken> shownTokens(const NextTokenController& controller);
/// Positions at which a method's most likely token is not the original's.
QSet<int> changedPositions(const NextTokenController& controller);
/// "Position 3 of 64, after ␣the: the text goes on with ␣cat".
QString whereText(const NextTokenController& controller);
/// The continuations that each cache writes, by method; tokens that are not the original's stand out.
QString continuationsHtml(const NextTokenController& controller,
    const QMap<QString, std::vector<std::int64_t>>& continuations, const QPalette& palette);
/// One row a method and position: method, position, token, every figure that exists at one position, probabilities of
/// the text's token.
QString positionsCsv(const NextTokenController& controller);

} // namespace pikv::ui
