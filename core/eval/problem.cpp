// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/problem.h"
#include <c10/util/Exception.h>
#include <new>

namespace pikv {

Problem currentProblem()
{
    try {
        throw;
    } catch (const Error& e) {
        return { e.kind(), e.what() };
    } catch (const std::bad_alloc&) {
        return { ErrorKind::Resource, "Not enough memory for this job; try fewer layers or a smaller dump" };
    } catch (const c10::Error& e) {
        const std::string message = e.what_without_backtrace();
        const bool memory
            = message.find("alloc") != std::string::npos || message.find("out of memory") != std::string::npos;
        return { memory ? ErrorKind::Resource : ErrorKind::Internal, message };
    } catch (const std::exception& e) {
        return { ErrorKind::Internal, e.what() };
    } catch (...) {
        return { ErrorKind::Internal, "an unknown exception" };
    }
}

} // namespace pikv
