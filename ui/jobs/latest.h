// SPDX-License-Identifier: GPL-3.0-or-later
// Questions of one kind to the engine, of which for every subject only the latest counts.
//
// A request gets an id, larger than all before. Its answers arrive in the thread of the queue's owner: a rough one
// where there is one, then the full one. While a slider moves, each move asks anew, and a rough answer to what was
// asked a moment ago is shown meanwhile; a full answer and a failure count for the latest request only. Nothing that
// was asked before drop() arrives after it.
#pragma once
#include "ui/jobs/jobqueue.h"
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace pikv::ui {

/// Used in the thread of the queue's owner. Results are copied: a shared_ptr, or something as small.
template <typename Result>
class Latest {
public:
    /// In the jobs' thread.
    using Work = std::function<Result(const JobControl&)>;
    struct Handlers {
        std::function<void(const std::string& subject, const Result& result, quint64 id)> ready {};
        /// Cancelled where somebody else dropped the queue's work.
        std::function<void(const std::string& subject, const JobProblem& problem)> failed {};
    };
    /// How its jobs are done; see Job.
    struct Terms {
        QString label {};
        Urgency urgency = Urgency::Full;
        bool apart = false;
        int grace = Job::previewGrace;
    };

    Latest(JobQueue* queue, JobKind kind, Handlers handlers)
        : m_queue(queue)
        , m_kind(kind)
        , m_state(std::make_shared<State>())
    {
        m_state->handlers = std::move(handlers);
        m_state->queue = queue;
    }
    Latest(const Latest&) = delete;
    Latest& operator=(const Latest&) = delete;

    /// Returns the request's id.
    quint64 request(const std::string& subject, const Terms& terms, Work work)
    {
        const quint64 id = m_state->begin(subject);
        m_queue->push(job(terms.urgency, subject, terms, std::move(work), id, true));
        return id;
    }
    /// The same with a rough answer before.
    quint64 request(const std::string& subject, const Terms& terms, Work rough, Work full)
    {
        const quint64 id = m_state->begin(subject);
        m_queue->pushLive(job(Urgency::Preview, subject, terms, std::move(rough), id, false),
            job(terms.urgency, subject, terms, std::move(full), id, true));
        return id;
    }
    /// The same where the answer is known already; it arrives in a later turn of the event loop.
    quint64 answer(const std::string& subject, const Result& result)
    {
        const quint64 id = m_state->begin(subject);
        m_queue->drop({ m_kind, subject });
        m_queue->later(delivery(m_state, subject, result, id, true));
        return id;
    }

    /// Id of the subject's latest request; 0 where it is not wanted.
    quint64 latest(const std::string& subject) const
    {
        const auto it = m_state->entries.find(subject);
        return it == m_state->entries.end() ? 0 : it->second.latest;
    }
    /// The full answer of the latest request is still to come.
    bool isPending(const std::string& subject) const
    {
        const auto it = m_state->entries.find(subject);
        return it != m_state->entries.end() && it->second.pending;
    }
    bool isPending() const
    {
        return std::any_of(
            m_state->entries.begin(), m_state->entries.end(), [](const auto& e) { return e.second.pending; });
    }

    /// The subject is no longer wanted.
    void drop(const std::string& subject)
    {
        if (m_state->entries.erase(subject) > 0)
            m_queue->drop({ m_kind, subject });
    }
    void dropAll()
    {
        for (const auto& [subject, entry] : std::exchange(m_state->entries, {}))
            if (entry.pending)
                m_queue->drop({ m_kind, subject });
    }

private:
    struct Entry {
        quint64 latest = 0;
        quint64 shown = 0; ///< answers of earlier requests do not count any more
        bool pending = false;
    };
    /// Outlived by the jobs, which hold it weakly.
    struct State {
        quint64 begin(const std::string& subject)
        {
            const auto [it, isNew] = entries.try_emplace(subject);
            it->second.latest = ++lastId;
            it->second.pending = true;
            if (isNew)
                it->second.shown = lastId;
            return lastId;
        }
        void deliver(const std::string& subject, const Result& result, quint64 id, bool full)
        {
            const auto it = entries.find(subject);
            if (it == entries.end() || id < it->second.shown || (full && id != it->second.latest))
                return;
            it->second.shown = id;
            if (full)
                it->second.pending = false;
            handlers.ready(subject, result, id);
        }
        void fail(const JobProblem& problem, quint64 id)
        {
            const auto it = entries.find(problem.origin.subject);
            if (it == entries.end() || id != it->second.latest || !std::exchange(it->second.pending, false))
                return;
            queue->drop(problem.origin); // the full run would say the same again
            if (handlers.failed)
                handlers.failed(problem.origin.subject, problem);
        }

        Handlers handlers;
        JobQueue* queue = nullptr;
        quint64 lastId = 0;
        std::map<std::string, Entry> entries;
    };

    static JobAnswer delivery(
        const std::weak_ptr<State>& state, const std::string& subject, Result result, quint64 id, bool full)
    {
        return [state, subject, result = std::move(result), id, full] {
            if (const auto alive = state.lock())
                alive->deliver(subject, result, id, full);
        };
    }
    Job job(Urgency urgency, const std::string& subject, const Terms& terms, Work work, quint64 id, bool full) const
    {
        Job made;
        made.urgency = urgency;
        made.origin = { m_kind, subject };
        made.label = terms.label;
        made.apart = terms.apart;
        made.grace = terms.grace;
        made.run = [state = std::weak_ptr<State>(m_state), subject, work = std::move(work), id, full](
                       const JobControl& control) { return delivery(state, subject, work(control), id, full); };
        made.failed = [state = std::weak_ptr<State>(m_state), id](const JobProblem& problem) {
            if (const auto alive = state.lock())
                alive->fail(problem, id);
        };
        return made;
    }

    JobQueue* m_queue;
    JobKind m_kind;
    std::shared_ptr<State> m_state;
};

} // namespace pikv::ui
