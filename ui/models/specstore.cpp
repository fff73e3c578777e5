// SPDX-License-Identifier: GPL-3.0-or-later
// The form's settings of every method, and the undo commands that change them.
#include "ui/models/specstore.h"
#include "core/codec/registry.h"

namespace pikv::ui {

SpecStore::SpecStore(QObject* parent)
    : QObject(parent)
{
    for (const MethodInfo& method : Registry::instance().methods())
        m_specs.insert(QString::fromStdString(method.id), { method.id, ParamSet(method.params) });
}

const MethodSpec& SpecStore::spec(const QString& methodId) const
{
    const auto at = m_specs.constFind(methodId);
    Q_ASSERT(at != m_specs.constEnd());
    return *at;
}

void SpecStore::setSpec(const MethodSpec& spec)
{
    const QString id = QString::fromStdString(spec.id);
    MethodSpec& stored = m_specs[id];
    if (stored == spec)
        return;
    stored = spec;
    Q_EMIT specChanged(id);
}

EditSpecCommand::EditSpecCommand(SpecStore* store, MethodSpec after, const QString& param, quint64 dragSession)
    : m_store(store)
    , m_before(store->spec(QString::fromStdString(after.id)))
    , m_after(std::move(after))
    , m_param(param)
    , m_session(dragSession)
{
    describe();
    setObsolete(m_before == m_after);
}

void EditSpecCommand::describe()
{
    const MethodInfo& method = Registry::instance().get(m_after.id);
    const QString label = QString::fromStdString(method.label);
    if (m_param.isEmpty()) {
        setText(QObject::tr("change the settings of %1").arg(label));
        return;
    }
    for (const ParamSpec& spec : method.params)
        if (spec.name == m_param.toStdString())
            setText(QObject::tr("change %1 %2 to %3")
                        .arg(label, QString::fromStdString(spec.label).toLower(),
                            QString::fromStdString(printParam(m_after.params.value(spec.name)))));
}

bool EditSpecCommand::mergeWith(const QUndoCommand* other)
{
    const auto* next = static_cast<const EditSpecCommand*>(other);
    if (m_param.isEmpty() || next->m_param != m_param || next->m_after.id != m_after.id || next->m_session != m_session)
        return false;
    m_after = next->m_after;
    describe();
    setObsolete(m_before == m_after);
    return true;
}

} // namespace pikv::ui
