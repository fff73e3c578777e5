// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/boundeddefaults.h"
#include "core/codec/registry.h"
#include "core/study/choices.h"
#include "ui/models/specstore.h"

namespace pikv::ui {

QStringList BoundedDefaults::fitTo(const CacheInfo& info)
{
    QStringList moved;
    for (const MethodInfo& method : Registry::instance().methods()) {
        const QString id = QString::fromStdString(method.id);
        const MethodSpec defaults { method.id, ParamSet(method.params) };
        MethodSpec wanted = settingsOf(id);
        m_bounded.remove(id);
        if (wanted == defaults && !fitsCache(defaults, info)) {
            wanted = boundedBy(defaults, info); // as it was where nothing fits: its live point says why
            if (wanted != defaults) {
                m_bounded.insert(id, wanted);
                moved << id;
            }
        }
        m_specs->setSpec(wanted);
    }
    return moved;
}

MethodSpec BoundedDefaults::settingsOf(const QString& methodId) const
{
    const MethodSpec& spec = m_specs->spec(methodId);
    const auto bounded = m_bounded.constFind(methodId);
    if (bounded == m_bounded.cend() || spec != *bounded)
        return spec;
    return { spec.id, ParamSet(Registry::instance().get(spec.id).params) };
}

} // namespace pikv::ui
