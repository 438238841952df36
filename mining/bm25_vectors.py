"""Vector instructions that `mining.bm25_kernel` needs, spelled out for LLVM: Numba has no words for them.

Each is a function of compiled code: its Python body tells the types, `codegen` builds the instructions.
Nothing checks that an index lies in its array.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

CHUNK = 64
"""Sums that are compared with a bound at a time."""

LANES = 16
"""Terms of a document that are compared with a term of the query at a time."""

_INT32 = ir.IntType(32)
_SUMS = ir.VectorType(ir.IntType(16), CHUNK)
_ROW = ir.VectorType(ir.IntType(8), CHUNK)
_TERMS = ir.VectorType(_INT32, LANES)


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, vector: Any) -> Any:
    """Return the address of an array's element, as that of a vector."""
    first = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(first, [index]), vector.as_pointer())


def _repeated(builder: Any, value: Any, vector: Any) -> Any:
    """Return the vector of which each element is the value."""
    nothing = ir.Constant(vector, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(_INT32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(builder.insert_element(nothing, value, _INT32(0)), nothing, zeros)


def _with_rows(context: Any, builder: Any, signature: Any, sums: Any, rows: Any, at: Any, starts: Any) -> Any:
    """Return the sums at `at` and after, with those of the rows that begin at `starts` added."""
    place = _place(context, builder, signature.args[0], sums, at, _SUMS)
    total = builder.load(place, align=2, typ=_SUMS)
    for start in starts:
        place = _place(context, builder, signature.args[1], rows, builder.add(start, at), _ROW)
        total = builder.add(total, builder.zext(builder.load(place, align=1, typ=_ROW), _SUMS))
    return total


def _reaching(n_rows: int) -> Any:
    """Return the function that says in bits which of CHUNK sums, with the rows added, reach a bound."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, rows, at, bound, *starts = args
        total = _with_rows(context, builder, signature, sums, rows, at, starts[:n_rows])
        bounds = _repeated(builder, bound, _SUMS)
        return builder.bitcast(builder.icmp_unsigned(">=", total, bounds), ir.IntType(CHUNK))

    @intrinsic
    def reaching(
        typing: Any, sums: Any, rows: Any, at: Any, bound: Any, a: Any, b: Any, c: Any, d: Any
    ) -> Any:
        return types.uint64(sums, rows, types.int64, types.uint16, *[types.int64] * 4), codegen

    return reaching


reaching_0, reaching_1, reaching_2, reaching_3, reaching_4 = (_reaching(n) for n in range(5))


@intrinsic
def add_rows(typing: Any, sums: Any, rows: Any, at: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Add to CHUNK sums what stands in four rows."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, rows, at, *starts = args
        total = _with_rows(context, builder, signature, sums, rows, at, starts)
        builder.store(total, _place(context, builder, signature.args[0], sums, at, _SUMS), align=2)
        return context.get_dummy_value()

    return types.void(sums, rows, *[types.int64] * 5), codegen


@intrinsic
def equal(typing: Any, terms: Any, at: Any, term: Any) -> Any:
    """Say in bits which of LANES terms are a given one."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature.args[0], args[0], args[1], _TERMS)
        loaded = builder.load(place, align=4, typ=_TERMS)
        found = builder.icmp_signed("==", loaded, _repeated(builder, args[2], _TERMS))
        return builder.zext(builder.bitcast(found, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(terms, types.int64, types.int32), codegen


@intrinsic
def trailing_zeros(typing: Any, bits: Any) -> Any:
    """Return the place of the lowest bit; there must be one."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@intrinsic
def prefetch(typing: Any, array: Any, index: Any) -> Any:
    """Have the cache line of an element fetched, without waiting for it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        first = context.make_array(signature.args[0])(context, builder, args[0]).data
        kind = ir.FunctionType(ir.VoidType(), [byte, _INT32, _INT32, _INT32])
        fetch = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=kind)
        place = builder.bitcast(builder.gep(first, [args[1]]), byte)
        builder.call(fetch, [place, _INT32(0), _INT32(3), _INT32(1)])  # to read, keep near, not code
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen
