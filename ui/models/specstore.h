// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/codec/methodspec.h"
#include <QHash>
#include <QObject>
#include <QUndoCommand>

namespace pikv::ui {

/// The parameters of every method as the user has set them: the one place that form, engine, undo and settings share.
class SpecStore : public QObject {
    Q_OBJECT
public:
    explicit SpecStore(QObject* parent = nullptr);

    const MethodSpec& spec(const QString& methodId) const;
    void setSpec(const MethodSpec& spec);

Q_SIGNALS:
    void specChanged(const QString& methodId);

private:
    QHash<QString, MethodSpec> m_specs;
};

/// One edit of a parameter (or, with an empty name, of a whole method). Edits of one drag become one entry; an edit
/// back to where it began vanishes.
class EditSpecCommand : public QUndoCommand {
public:
    EditSpecCommand(SpecStore* store, MethodSpec after, const QString& param, quint64 dragSession);

    void undo() override { m_store->setSpec(m_before); }
    void redo() override { m_store->setSpec(m_after); }
    int id() const override { return 1; }
    bool mergeWith(const QUndoCommand* other) override;

private:
    void describe();

    SpecStore* m_store;
    MethodSpec m_before, m_after;
    QString m_param;
    quint64 m_session;
};

} // namespace pikv::ui
