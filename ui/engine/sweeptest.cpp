// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/engine/sweeptest.h"
#include "core/study/study.h"
#include <utility>

namespace pikv::ui {

SweepTest::SweepTest(std::shared_ptr<NextTokenSession> open, ModelPtr model, std::string path, std::int64_t predict)
    : m_session(std::move(open))
    , m_model(std::move(model))
    , m_path(std::move(path))
    , m_predict(predict)
{
}

std::shared_ptr<SweepTest> SweepTest::another() const
{
    return std::make_shared<SweepTest>(nullptr, m_model, m_path, m_predict);
}

std::shared_ptr<NextTokenSession> SweepTest::session(const Study& study, const JobControl& job)
{
    if (m_problem)
        throw Error(m_problem->kind, m_problem->message);
    if (m_session)
        return m_session;
    try {
        if (!m_model)
            m_model = openSharedModel(m_path, job);
        m_session = study.openNextToken(m_model, m_predict, false, job);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Cancelled)
            m_problem = { error.kind(), error.what() };
        throw;
    }
    return m_session;
}

} // namespace pikv::ui
