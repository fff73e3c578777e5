// SPDX-License-Identifier: GPL-3.0-or-later
// Eigenvectors, solutions and orthonormal bases by LAPACK; another type or driver where one of them cannot, a sentence
// where none can.
#include "core/linalg/linalg.h"
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve.h>
#include <algorithm>
#include <c10/util/Exception.h>
#include <tuple>

/// LAPACK calls this about an argument that it refuses; LibTorch looks at the status that it returns beside, so that
/// the failure is told anyway. The libraries' own prints on standard output, among JSON, or ends the process. This
/// library comes before LAPACK's in the order in which symbols are looked up.
extern "C" [[gnu::visibility("default")]] void xerbla_(const char*, const int*, std::size_t) { }

namespace pikv::linalg {
namespace {

/// From here on the size of ssyevd's workspace, 2 n^2 + 6 n + 1, is no integer that fits f32, in which LAPACK tells it:
/// where it is rounded down, LAPACK refuses what it has asked for itself. f64 holds it for every n.
constexpr std::int64_t firstWidthForDouble = 2895;

std::string shapeText(const at::Tensor& matrix)
{
    return std::to_string(matrix.size(-2)) + " x " + std::to_string(matrix.size(-1)) + " matrix";
}

/// What LibTorch says without its place in the source, on one line.
std::string reasonOf(const c10::Error& error)
{
    const std::string text = error.what_without_backtrace();
    return text.substr(0, text.find('\n'));
}

/// f(); LibTorch's failure becomes a sentence about `what` of `matrix`. Too little memory stays what it is.
template <typename Function>
auto told(const char* what, const at::Tensor& matrix, Function f)
{
    try {
        return f();
    } catch (const c10::Error& e) {
        const std::string reason = reasonOf(e);
        if (reason.find("alloc") != std::string::npos || reason.find("out of memory") != std::string::npos)
            throw;
        throw LinalgError("the " + std::string(what) + " of a " + shapeText(matrix) + " could not be found: " + reason);
    }
}

/// On the CPU LAPACK works in the memory of the result. OpenBLAS's kernel for Prescott reads a few elements beyond the
/// matrix (0.3.21, ssymv_L): behind one that ends with its mapping, such as 1024 x 1024 f32, there is nothing to read.
/// So the result gets room behind it.
Eigen eigenOf(const at::Tensor& symmetric, const char* triangle)
{
    if (!symmetric.is_cpu()) {
        auto [values, vectors] = at::linalg_eigh(symmetric, triangle);
        return { values, vectors };
    }
    constexpr std::int64_t room = 64;
    const std::int64_t n = symmetric.size(0);
    at::Tensor values = at::empty({ n }, symmetric.options());
    at::Tensor vectors
        = at::empty({ n * n + room }, symmetric.options()).as_strided({ n, n }, { 1, std::max<std::int64_t>(n, 1) });
    at::linalg_eigh_out(values, vectors, symmetric, triangle);
    return { values, vectors };
}

/// Some drivers answer a matrix that is not finite with NaN and no error.
bool isFinite(const Eigen& eigen) { return eigen.values.isfinite().all().item<bool>(); }

Eigen eigenInDouble(const at::Tensor& symmetric, const char* triangle)
{
    const Eigen wide = eigenOf(symmetric.to(at::kDouble), triangle);
    return { wide.values.to(symmetric.scalar_type()), wide.vectors.to(symmetric.scalar_type()) };
}

} // namespace

Eigen eigen(const at::Tensor& symmetric, Triangle triangle)
{
    const char* half = triangle == Triangle::Lower ? "L" : "U";
    const Eigen found = told("eigenvectors", symmetric, [&] {
        if (symmetric.scalar_type() == at::kDouble)
            return eigenOf(symmetric, half);
        if (symmetric.is_cpu() && symmetric.size(0) >= firstWidthForDouble)
            return eigenInDouble(symmetric, half);
        try {
            return eigenOf(symmetric, half);
        } catch (const c10::Error&) {
            return eigenInDouble(symmetric, half);
        }
    });
    if (!isFinite(found))
        throw LinalgError("the eigenvectors of a " + shapeText(symmetric)
            + " could not be found: it holds infinite numbers or such that are none");
    return found;
}

Principal principal(const at::Tensor& covariance, Triangle triangle)
{
    const auto [values, vectors] = eigen(covariance, triangle);
    return { values.flip(0), vectors.flip(1).t() };
}

at::Tensor solve(const at::Tensor& matrix, const at::Tensor& right)
{
    return told("solution of the equations", matrix, [&] { return at::linalg_solve(matrix, right); });
}

at::Tensor inverse(const at::Tensor& matrix)
{
    return told("inverse", matrix, [&] { return at::linalg_inv(matrix); });
}

at::Tensor orthonormal(const at::Tensor& columns)
{
    return told("orthonormal base", columns, [&] { return std::get<0>(at::linalg_qr(columns)); });
}

} // namespace pikv::linalg
