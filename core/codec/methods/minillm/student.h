// SPDX-License-Identifier: GPL-3.0-or-later
// The decoder of minillm: what it adds to the linear (PCA) reconstruction of a token from its code.
#pragma once
#include "core/base/bytes.h"
#include "core/codec/methods/minillm/codeattention.h"
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <cstdint>

namespace pikv {

struct StudentShape {
    std::int64_t rank = 0, width = 0; ///< of the codes, of the tokens
    std::int64_t hidden = 0, layers = 0; ///< units a layer, layers
    std::int64_t window = 0; ///< codes before a token that attention sees; 0: no attention

    std::int64_t units() const { return hidden * layers; }
    CodeAttention attention() const { return { rank, window }; }
    /// Trained numbers: in, bias, deep, out, attention.
    std::int64_t paramCount() const;
};

/// Rows of codes in the order of their tokens, with how many codes before each belong to the same sequence.
struct CodeRows {
    at::Tensor codes; ///< f32 CPU [n, rank], contiguous, in units of the student's code scale
    at::Tensor reach; ///< u8 CPU [n], contiguous

    /// Of `batch` sequences of `seq` tokens each, one after the other.
    static at::Tensor reachOf(std::int64_t batch, std::int64_t seq, std::int64_t window);
};

/// x ~ mean + (c + delta(c)) W + sum_l u_l out_l, with delta of CodeAttention and layers that see the code and the
/// layer before them: u_l = gelu(c in_l + u_(l-1) deep_l + bias_l). A new student has out = 0 and delta = 0: it starts
/// as the linear reconstruction mean + c W.
class Student {
public:
    /// Input weights are drawn with `seed`.
    Student(const StudentShape& shape, std::uint64_t seed, c10::Device device);

    StudentShape shape;
    at::Tensor params; ///< f32 [paramCount()]; the views below share its memory
    at::Tensor codeScale; ///< f32 CPU [rank]: a code times this is the coefficient of its direction

    static at::Tensor in(const StudentShape& s, const at::Tensor& params); ///< [rank, units]
    static at::Tensor bias(const StudentShape& s, const at::Tensor& params); ///< [units]
    static at::Tensor deep(const StudentShape& s, const at::Tensor& params); ///< [layers - 1, hidden, hidden]
    static at::Tensor out(const StudentShape& s, const at::Tensor& params); ///< [units, width]
    static at::Tensor attention(const StudentShape& s, const at::Tensor& params); ///< [CodeAttention::paramCount()]
    at::Tensor out() const { return out(shape, params); }

    struct Pass {
        at::Tensor codes; ///< [n, rank] with delta added
        at::Tensor delta; ///< [n, rank]; undefined without attention
        at::Tensor units; ///< [n, units]
    };
    /// Rows [first, first + count); differentiable by `params`.
    Pass run(const CodeRows& rows, std::int64_t first, std::int64_t count) const;

    /// `bits` for every weight, half precision for scales, biases and attention. What read() makes of the bytes is not
    /// written as the same bytes again: every writing rounds.
    void write(int bits, Bytes& out) const;
    /// Replaces the output layer, the last part of what write() appended to `bytes`, by the present one.
    void rewriteOut(int bits, Bytes& bytes) const;
    static std::size_t packedSize(const StudentShape& shape, int bits);
    /// Throws Error{Input} where the size is not packedSize().
    static Student read(ByteSpan bytes, const StudentShape& shape, int bits, c10::Device device);

private:
    explicit Student(const StudentShape& s)
        : shape(s)
    {
    }
};

} // namespace pikv
