// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/codec/sharedcalibration.h"
#include "core/base/error.h"
#include "core/codec/calibration.h"

namespace pikv {

const EncodedCache* SharedCalibration::get() const
{
    if (!m_spec.params.has("shared") || path().empty())
        return nullptr;
    const std::lock_guard lock(m_mutex);
    if (!m_read) {
        m_read = std::make_shared<EncodedCache>(loadCalibration(path()));
        m_file = InputFile(path());
        m_fingerprint = calibrationFingerprint(*m_read);
    }
    return m_read.get();
}

std::uint64_t SharedCalibration::bytes() const
{
    const EncodedCache* basis = get();
    return basis ? basis->fileBytes() : 0;
}

void SharedCalibration::requireFits(const CacheInfo& info, bool undoesRope) const
{
    if (const EncodedCache* basis = get())
        pikv::requireFits(*basis, path(), m_spec.id, info, undoesRope);
}

std::optional<MethodSpec> SharedCalibration::learnedSpec(std::initializer_list<const char*> sameParams) const
{
    const EncodedCache* basis = get();
    if (!basis)
        return {};
    return pikv::learnedSpec(*basis, path(), m_spec.params, sameParams);
}

void SharedCalibration::mark(SectionSet& global) const
{
    if (get())
        addFingerprint(m_fingerprint, global);
}

void SharedCalibration::check(const SectionSet& global) const
{
    if (get() && !hasFingerprint(m_fingerprint, global))
        throw inputError(path() + " is not the calibration that the cache was compressed with");
}

} // namespace pikv
