// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/cache/cacheinfo.h"
#include "core/codec/methodspec.h"
#include <QHash>
#include <QString>
#include <QStringList>

namespace pikv::ui {

class SpecStore;

/// Defaults that ask more than a short dump has go down to what it allows, and back up with the next one: the user has
/// chosen neither.
class BoundedDefaults {
public:
    explicit BoundedDefaults(SpecStore* specs)
        : m_specs(specs)
    {
    }
    /// Bounds every method that is at its defaults; returns those that are at other settings now than the user left
    /// them.
    QStringList fitTo(const CacheInfo& info);
    /// The settings as the user left them: defaults where the dump alone moved them.
    MethodSpec settingsOf(const QString& methodId) const;

private:
    SpecStore* m_specs;
    QHash<QString, MethodSpec> m_bounded; ///< what the defaults became
};

} // namespace pikv::ui
