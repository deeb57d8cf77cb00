"""Doors between Python and machine code: the table, the state of a call, and the code that knows Python's C API.

Every function of a compiled graph gets a pointer to the *table*: addresses of functions outside, constants and Python
objects, by slots; nothing is baked into the code, which can so be kept on disk.  At the head of the memory that a call
gets (`arena`) lies its *state*: the interpreter's thread state while the lock is released, the stop flag, an
exception on its way out.

The *door* is a built-in function, made of the code through `PyCFunction_NewEx`: it takes NumPy arrays, checks their
types against a description, reads the addresses of their data, and calls `run`.  Its code, that of `poll` (whether
loops are to end) and that of `python` (a call of Python in their midst) are the same for all graphs, and text.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.graph.ir import Aval

I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
PTR, VOID = ir.PointerType(), ir.VoidType()

STATE_BYTES = 128
THREAD, STOP, ERROR, LAST, CLOCK = 0, 8, 16, 40, 48  # offsets into the state; ERROR: three pointers
INTERVAL = 50_000_000  # nanoseconds between two visits to Python
CLOCK_ID = 6  # Linux: CLOCK_MONOTONIC_COARSE; macOS: CLOCK_MONOTONIC

# What `run` and the door answer.
DONE, RAISED, REFUSED, BUSY, MISFIT = range(5)

# The fields of an array object, as NumPy's C headers have them.
ARRAY_TYPE, ARRAY_DATA, ARRAY_RANK, ARRAY_SHAPE, ARRAY_DTYPE, ARRAY_FLAGS = 8, 16, 24, 32, 56, 64
CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400

# The words of a door's frame.  RELEASE: whether Python's lock is given away during the call.  WORDS: the description of
# each array: flags, rank, dtype, the output whose place it is or -1, and the lengths of its axes.
FRAME = ("busy", "table", "arena", "inputs", "arrays", "outputs", "release", "words")
FASTCALL = 0x80

# The first slots of every table.
API = ("PyEval_SaveThread", "PyEval_RestoreThread", "PyErr_CheckSignals", "PyErr_Fetch", "PyErr_Restore",
       "PyLong_FromVoidPtr", "PyLong_FromLong", "PyObject_CallOneArg", "Py_IncRef", "Py_DecRef", "clock_gettime",
       "python:ndarray", "python:None")  # fmt: skip
POLL, PYTHON = "gradtape_poll", "gradtape_python"


def layout_known() -> bool:
    """Whether arrays of this NumPy and Python lie in memory as said above."""
    probe = np.zeros((3, 2), np.float32)

    def word(offset: int) -> int | None:
        return ctypes.c_void_p.from_address(id(probe) + offset).value

    shape = word(ARRAY_SHAPE)
    return (
        np.ndarray.__basicsize__ >= 72
        and word(ARRAY_TYPE) == id(np.ndarray)
        and word(ARRAY_DATA) == probe.ctypes.data
        and word(ARRAY_DTYPE) == id(probe.dtype)
        and ctypes.c_int.from_address(id(probe) + ARRAY_RANK).value == 2
        and shape is not None
        and list((ctypes.c_ssize_t * 2).from_address(shape)) == [3, 2]
        and ctypes.c_int.from_address(id(probe) + ARRAY_FLAGS).value & 0x501 == 0x501
    )


def api_address(name: str) -> int:
    """The address of a function of Python's C API or of the C library, or of a Python object."""
    kind, _, rest = name.partition(":")
    if kind == "python":
        return id({"ndarray": np.ndarray, "None": None}[rest])
    library: Any = ctypes.CDLL(None) if name == "clock_gettime" else ctypes.pythonapi
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


class Emit:
    """Short forms for code on addresses."""

    def __init__(self, b: Any, slot: Callable[[str], int], table: Any):
        self.b, self.slot, self.table = b, slot, table

    def at(self, base: Any, offset: int) -> Any:
        return self.b.gep(base, [I64(offset)], inbounds=True, source_etype=I8)

    def load(self, base: Any, offset: int, kind: ir.Type = PTR) -> Any:
        return self.b.load(self.at(base, offset), typ=kind)

    def store(self, value: Any, base: Any, offset: int) -> None:
        self.b.store(value, self.at(base, offset))

    def entry(self, name: str) -> Any:
        """What stands in the table under a name."""
        return self.load(self.table, 8 * self.slot(name))

    def call(self, name: str, result: ir.Type, *arguments: Any) -> Any:
        return call_pointer(self.b, self.entry(name), result, arguments)

    def given(self, pointer: Any) -> Any:
        return self.b.icmp_unsigned("!=", self.b.ptrtoint(pointer, I64), I64(0))


def on_stack(b: Any, nbytes: int) -> Any:
    """Bytes that last until the function returns."""
    place: Any = b.alloca(ir.ArrayType(I8, max(nbytes, 8)))
    place.align, place.type = 64, PTR
    return place


def call_pointer(b: Any, address: Any, result: ir.Type, arguments: Sequence[Any]) -> Any:
    """A call through an address."""
    callee = _Callee(address, ir.FunctionType(result, [a.type for a in arguments]))
    call = ir.instructions.CallInstr(b.block, callee, list(arguments))  # type: ignore[attr-defined]
    b._insert(call)
    return call


class _Callee:
    """An address with a function's type: llvmlite calls only what has one."""

    def __init__(self, address: Any, kind: ir.FunctionType):
        self.type, self.function_type, self._address = address.type, kind, address

    def get_reference(self) -> str:
        return self._address.get_reference()


def first_slots() -> dict[str, int]:
    """The slots that every table has."""
    return {name: k for k, name in enumerate(API)}


def complete(module: ir.Module) -> str:
    """The text of a module with a function `run`: the door put to it, and what else it calls of the code below."""
    text = str(module)
    parts = [DOOR]
    for name, code in ((POLL, POLL_CODE), (PYTHON, PYTHON_CODE)):
        if name in module.globals:
            lines = text.splitlines(keepends=True)
            text = "".join([n for n in lines if not (n.startswith("declare") and f'"{name}"' in n)])
            parts.append(code)
    return "\n".join([text, *parts])


def outside(module: ir.Module, name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
    """A function that `complete` puts to the module."""
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(result, arguments), name)


def poll(b: Any, state: Any, table: Any) -> Any:
    """Emits the call that says whether loops are to end.  Every 50 ms Python gets its turn: signals, other threads."""
    return b.call(outside(b.module, POLL, I1, PTR, PTR), [state, table])


def python(b: Any, state: Any, table: Any, target: Any, pointers: Any) -> Any:
    """Emits target(address of the pointers), a call of Python; whether it raised."""
    return b.call(
        outside(b.module, PYTHON, I1, PTR, PTR, PTR, PTR), [state, table, target, pointers]
    )


def _lines(code: str) -> str:
    """Code with short forms: `%x = slot NAME`, `%x = word BASE + OFFSET`, `set BASE + OFFSET = TYPE VALUE`."""
    slots, lines, count = first_slots(), [], 0
    for line in code.splitlines():
        words = line.split()
        if len(words) > 3 and words[1:3] == ["=", "slot"]:
            base, offset = "%table", str(8 * slots[words[3]])
            kind = "ptr"
        elif len(words) > 3 and words[1] == "=" and words[2] in ("word", "int", "pointer"):
            base, offset, kind = (
                words[3],
                words[5],
                {"word": "i64", "int": "i32", "pointer": "ptr"}[words[2]],
            )
        elif words and words[0] == "set":
            lines.append(f"  %p{count} = getelementptr i8, ptr {words[1]}, i64 {words[3]}")
            lines.append(f"  store {' '.join(words[5:])}, ptr %p{count}")
            count += 1
            continue
        else:
            lines.append(line)
            continue
        lines.append(f"  %p{count} = getelementptr i8, ptr {base}, i64 {offset}")
        lines.append(f"  {words[0]} = load {kind}, ptr %p{count}")
        count += 1
    return "\n".join(lines)


def _word(name: str) -> int:
    return 8 * FRAME.index(name)


# Python's exception goes into the state, and loops are to end.
KEEP_ERROR = f"""\
  %fetch = slot PyErr_Fetch
  %e0 = getelementptr i8, ptr %state, i64 {ERROR}
  %e1 = getelementptr i8, ptr %state, i64 {ERROR + 8}
  %e2 = getelementptr i8, ptr %state, i64 {ERROR + 16}
  call void %fetch(ptr %e0, ptr %e1, ptr %e2)
  set %state + {STOP} = i64 1
  br label %back
"""
# The lock is given away again where the call had given it away.
RELEASE_AGAIN = f"""\
  br i1 %released, label %again, label %leave
again:
  %new = call ptr %save()
  set %state + {THREAD} = ptr %new
  br label %leave
leave:
"""

POLL_CODE = _lines(f"""
define internal i1 @{POLL}(ptr %state, ptr %table) noinline nounwind {{
  %stopped = word %state + {STOP}
  %s = icmp ne i64 %stopped, 0
  br i1 %s, label %leave, label %go
go:
  %clock = getelementptr i8, ptr %state, i64 {CLOCK}
  %now_f = slot clock_gettime
  %r = call i32 %now_f(i32 {CLOCK_ID}, ptr %clock)
  %seconds = word %clock + 0
  %rest = word %clock + 8
  %nano = mul i64 %seconds, 1000000000
  %now = add i64 %nano, %rest
  %last = word %state + {LAST}
  %first = icmp eq i64 %last, 0
  %since = sub i64 %now, %last
  %late = icmp sgt i64 %since, {INTERVAL}
  %renew = or i1 %first, %late
  %kept = select i1 %renew, i64 %now, i64 %last
  set %state + {LAST} = i64 %kept
  %not_first = xor i1 %first, true
  %due_now = and i1 %late, %not_first
  br i1 %due_now, label %due, label %leave
due:
  %save = slot PyEval_SaveThread
  %restore = slot PyEval_RestoreThread
  %thread = pointer %state + {THREAD}
  %released = icmp ne ptr %thread, null
  br i1 %released, label %look, label %give
give:
  %own = call ptr %save()
  br label %look
look:
  %holder = phi ptr [ %thread, %due ], [ %own, %give ]
  call void %restore(ptr %holder)
  %check = slot PyErr_CheckSignals
  %signals = call i32 %check()
  %bad = icmp ne i32 %signals, 0
  br i1 %bad, label %stop, label %back
stop:
{KEEP_ERROR}back:
{RELEASE_AGAIN}  %end = word %state + {STOP}
  %answer = icmp ne i64 %end, 0
  ret i1 %answer
}}
""")

PYTHON_CODE = _lines(f"""
define internal i1 @{PYTHON}(ptr %state, ptr %table, ptr %target, ptr %pointers) noinline nounwind {{
  %save = slot PyEval_SaveThread
  %thread = pointer %state + {THREAD}
  %released = icmp ne ptr %thread, null
  br i1 %released, label %take, label %ask
take:
  %restore = slot PyEval_RestoreThread
  call void %restore(ptr %thread)
  br label %ask
ask:
  %number_f = slot PyLong_FromVoidPtr
  %number = call ptr %number_f(ptr %pointers)
  %call_f = slot PyObject_CallOneArg
  %result = call ptr %call_f(ptr %target, ptr %number)
  %drop = slot Py_DecRef
  call void %drop(ptr %number)
  %good = icmp ne ptr %result, null
  br i1 %good, label %fine, label %failed
failed:
{KEEP_ERROR}fine:
  call void %drop(ptr %result)
  br label %back
back:
  %bad = xor i1 %good, true
{RELEASE_AGAIN}  ret i1 %bad
}}
""")

DOOR = _lines(f"""
define ptr @door(ptr %frame_array, ptr %given, i64 %count) nounwind {{
  %frame = pointer %frame_array + {ARRAY_DATA}
  %table = pointer %frame + {_word("table")}
  %words = pointer %frame + {_word("words")}
  %inputs = word %frame + {_word("inputs")}
  %arrays = word %frame + {_word("arrays")}
  %outputs = word %frame + {_word("outputs")}
  %number = slot PyLong_FromLong
  %kind = slot python:ndarray
  %own = alloca [{STATE_BYTES} x i8], align 64
  %ins = alloca ptr, i64 %inputs
  %outs = alloca ptr, i64 %outputs
  %all = icmp eq i64 %count, %arrays
  br i1 %all, label %each, label %misfit
each:
  %k = phi i64 [ 0, %0 ], [ %k1, %next ]
  %w = phi ptr [ %words, %0 ], [ %w1, %next ]
  %more = icmp slt i64 %k, %arrays
  br i1 %more, label %one, label %ready
one:
  %place = getelementptr ptr, ptr %given, i64 %k
  %array = load ptr, ptr %place
  %type = pointer %array + {ARRAY_TYPE}
  %is_array = icmp eq ptr %type, %kind
  br i1 %is_array, label %inspect, label %misfit
inspect:
  %has = int %array + {ARRAY_FLAGS}
  %flags64 = word %w + 0
  %flags = trunc i64 %flags64 to i32
  %both = and i32 %has, %flags
  %ok1 = icmp eq i32 %both, %flags
  %rank = int %array + {ARRAY_RANK}
  %want_rank64 = word %w + 8
  %want_rank = trunc i64 %want_rank64 to i32
  %ok2 = icmp eq i32 %rank, %want_rank
  %dtype = pointer %array + {ARRAY_DTYPE}
  %want_dtype = pointer %w + 16
  %ok3 = icmp eq ptr %dtype, %want_dtype
  %ok12 = and i1 %ok1, %ok2
  %ok = and i1 %ok12, %ok3
  br i1 %ok, label %fits, label %misfit
fits:
  %shape = pointer %array + {ARRAY_SHAPE}
  %dims = getelementptr i8, ptr %w, i64 32
  br label %axes
axes:
  %a = phi i64 [ 0, %fits ], [ %a1, %axis ]
  %inside = icmp slt i64 %a, %want_rank64
  br i1 %inside, label %axis, label %note
axis:
  %have_at = getelementptr i64, ptr %shape, i64 %a
  %have = load i64, ptr %have_at
  %want_at = getelementptr i64, ptr %dims, i64 %a
  %want = load i64, ptr %want_at
  %a1 = add i64 %a, 1
  %same = icmp eq i64 %have, %want
  br i1 %same, label %axes, label %misfit
note:
  %data = pointer %array + {ARRAY_DATA}
  %is_input = icmp slt i64 %k, %inputs
  br i1 %is_input, label %input, label %output
input:
  %in_at = getelementptr ptr, ptr %ins, i64 %k
  store ptr %data, ptr %in_at
  br label %output
output:
  %o = word %w + 24
  %is_output = icmp sge i64 %o, 0
  br i1 %is_output, label %target, label %next
target:
  %out_at = getelementptr ptr, ptr %outs, i64 %o
  store ptr %data, ptr %out_at
  br label %next
next:
  %k1 = add i64 %k, 1
  %w1 = getelementptr i64, ptr %dims, i64 %want_rank64
  br label %each
ready:
  %arena = pointer %frame + {_word("arena")}
  %has_arena = icmp ne ptr %arena, null
  %state = select i1 %has_arena, ptr %arena, ptr %own
  br i1 %has_arena, label %claim, label %begin
claim:
  %taken = word %frame + {_word("busy")}
  %free = icmp eq i64 %taken, 0
  br i1 %free, label %mark, label %busy
mark:
  set %frame + {_word("busy")} = i64 1
  br label %begin
begin:
  set %state + {THREAD} = i64 0
  set %state + {STOP} = i64 0
  set %state + {ERROR} = i64 0
  set %state + {LAST} = i64 0
  %release = word %frame + {_word("release")}
  %releases = icmp ne i64 %release, 0
  br i1 %releases, label %give, label %work
give:
  %save = slot PyEval_SaveThread
  %thread = call ptr %save()
  set %state + {THREAD} = ptr %thread
  br label %work
work:
  %answer = call i32 @run(ptr %ins, ptr %outs, ptr %state, ptr %table)
  br i1 %releases, label %take, label %after
take:
  %restore = slot PyEval_RestoreThread
  %holder = pointer %state + {THREAD}
  call void %restore(ptr %holder)
  br label %after
after:
  set %frame + {_word("busy")} = i64 0
  %error = pointer %state + {ERROR}
  %failed = icmp ne ptr %error, null
  br i1 %failed, label %raised, label %fine
raised:
  %value = pointer %state + {ERROR + 8}
  %trace = pointer %state + {ERROR + 16}
  %raise = slot PyErr_Restore
  call void %raise(ptr %error, ptr %value, ptr %trace)
  ret ptr null
fine:
  %done = icmp eq i32 %answer, {DONE}
  br i1 %done, label %finished, label %unfinished
finished:
  %none = slot python:None
  %keep = slot Py_IncRef
  call void %keep(ptr %none)
  ret ptr %none
unfinished:
  %wide = sext i32 %answer to i64
  %said = call ptr %number(i64 %wide)
  ret ptr %said
misfit:
  %no = call ptr %number(i64 {MISFIT})
  ret ptr %no
busy:
  %later = call ptr %number(i64 {BUSY})
  ret ptr %later
}}
""")


def described(
    inputs: Sequence[Aval], outputs: Sequence[Aval], donate: Mapping[int, int]
) -> tuple[np.ndarray, list[Any]]:
    """The description of the arrays that a door takes, and the dtypes that have to live as long."""
    words: list[int] = []
    dtypes: list[Any] = []
    given = set(donate.values())
    arrays = [(aval, donate.get(k, -1), k in donate) for k, aval in enumerate(inputs)]
    arrays += [(aval, o, True) for o, aval in enumerate(outputs) if o not in given]
    for aval, output, written in arrays:
        flags = CONTIGUOUS | ALIGNED | (WRITEABLE if written else 0)
        words += [flags, len(aval.shape), id(aval.dtype), output, *aval.shape]
        dtypes.append(aval.dtype)
    return np.array(words or [0], np.int64), dtypes


class _MethodDef(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


_new_function = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object
)(("PyCFunction_NewEx", ctypes.pythonapi))


# The interpreter looks into these when a door dies, in whatever order things die: they stay.
_METHODS: list[_MethodDef] = []


def make_door(address: int, frame: np.ndarray, owner: Any) -> Callable[..., Any]:
    """The built-in function whose code lies at `address`; `owner` lives as long as it."""
    method = _MethodDef(b"door", address, FASTCALL, None)
    _METHODS.append(method)
    return _new_function(ctypes.addressof(method), frame, owner)
