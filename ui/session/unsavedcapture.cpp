// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/unsavedcapture.h"
#include <utility>

namespace pikv::ui {

void UnsavedCapture::setUnsaved(bool unsaved)
{
    if (std::exchange(m_unsaved, unsaved) != unsaved)
        Q_EMIT changed();
}

void UnsavedCapture::takeDump(bool captured)
{
    m_saving = false;
    m_afterSave = {};
    m_savedAs.clear();
    setUnsaved(captured);
}

void UnsavedCapture::discard() { setUnsaved(false); }

void UnsavedCapture::noteSaved(const QString& path)
{
    if (std::exchange(m_saving, false)) {
        m_savedAs = path;
        setUnsaved(false);
    }
    if (const auto then = std::exchange(m_afterSave, {}))
        then();
}

void UnsavedCapture::noteNotSaved()
{
    m_saving = false;
    m_afterSave = {};
}

} // namespace pikv::ui
