// SPDX-License-Identifier: GPL-3.0-or-later
// The one home of everything that LAPACK computes: its failures are sentences, and what it cannot take is computed
// another way.
#pragma once
#include "core/base/error.h"
#include <ATen/core/Tensor.h>

namespace pikv {

/// LAPACK found no answer. The message names the routine and the matrix's shape ("the eigenvectors of a 3072 x 3072
/// matrix could not be found: …"); LayerwiseCompressor puts the method and the layer before it.
class LinalgError : public Error {
public:
    explicit LinalgError(const std::string& message)
        : Error(ErrorKind::Input, message)
    {
    }
};

namespace linalg {

struct Eigen {
    at::Tensor values; ///< rising
    at::Tensor vectors; ///< the columns, orthonormal
};
/// Half of a symmetric matrix; the other is not looked at.
enum class Triangle { Lower, Upper };
/// Of a symmetric matrix f32 or f64 [n, n], in its type. f32 is computed in f64 where n is 2,895 or more, or where
/// f32 fails.
Eigen eigen(const at::Tensor& symmetric, Triangle triangle = Triangle::Lower);
struct Principal {
    at::Tensor values; ///< falling
    at::Tensor rows; ///< the vectors, orthonormal, one a row; strided
};
/// The principal directions of a covariance: its eigen() by falling variance.
Principal principal(const at::Tensor& covariance, Triangle triangle = Triangle::Lower);
/// X of matrix X = right; both f32 or both f64.
at::Tensor solve(const at::Tensor& matrix, const at::Tensor& right);
at::Tensor inverse(const at::Tensor& matrix);
/// An orthonormal base of the span of `columns` [n, k], k <= n (the Q of a reduced QR decomposition).
at::Tensor orthonormal(const at::Tensor& columns);

} // namespace linalg
} // namespace pikv
