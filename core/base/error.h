// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <stdexcept>
#include <string>

namespace pikv {

/// What went wrong, as the command line's exit codes know it.
enum class ErrorKind {
    Internal = 1, ///< a bug of ours, or an exception nobody expected
    Usage = 2, ///< unknown method, parameter out of bounds, methods that do not fit the cache
    Input = 3, ///< a file that is missing, damaged or of an unknown format
    Resource = 4, ///< not enough memory or disk, or a folder that cannot be written
    Cancelled = 130, ///< the user stopped the job
};

/// The one exception of the engine. Its message is a clear sentence that names the thing and the limit.
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message)
        : std::runtime_error(message)
        , m_kind(kind)
    {
    }
    ErrorKind kind() const { return m_kind; }

private:
    ErrorKind m_kind;
};

inline Error usageError(const std::string& message) { return { ErrorKind::Usage, message }; }
inline Error inputError(const std::string& message) { return { ErrorKind::Input, message }; }
inline Error resourceError(const std::string& message) { return { ErrorKind::Resource, message }; }
inline Error cancelledError() { return { ErrorKind::Cancelled, "Cancelled" }; }

/// An error as a value, for the boundary between a job and the window.
struct Problem {
    ErrorKind kind = ErrorKind::Internal;
    std::string message;
};

} // namespace pikv
