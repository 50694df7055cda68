"""Hostile answers to the sample lab's first exercise, `double`: name → source of its cell, or of several cells.

MARK, PORT, SOLUTION, CHECKS, OTHERS and HOME stand for a file that must not come to be, a port that somebody listens
on, paths of the reference, of the checks and of another student's notebook, and the grader's home folder.
"""

# Finds the file descriptors of the pipe to the grader.
_PIPES = """\
import os, stat, struct, sys, json, time
def pipes():
    found = []
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            pass
    return found
def reply(data):
    for number in pipes():
        try:
            os.write(number, data)
        except OSError:
            pass
def ticket():
    frame = sys._getframe()  # the question that is being answered lies in a frame below, its ticket with it
    while frame and "ticket" not in frame.f_locals.get("request", ()):
        frame = frame.f_back
    return frame.f_locals["request"]["ticket"].encode() if frame else b""
def framed(text):
    text = text.replace(b"{", b'{"ticket": "' + ticket() + b'", ', 1)
    return struct.pack(">Q", len(text)) + text
"""

# The kernel's calls by number, of x86-64; on other machines they are others, and fail.
_SYSCALLS = """\
import ctypes
libc = ctypes.CDLL(None)
syscall = libc.syscall
"""


def _double(body: str, before: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"{before}\n@lab.exercise(points=2)\ndef double(x):\n{lines}\n"


# Each wants points that it has not earned, or harm; none gets a point for `double`.
ATTACKS = {
    "replaces numpy's assert and comparison functions": _double(
        """
import numpy.testing
for name in ("assert_allclose", "assert_array_equal", "assert_equal"):
    setattr(numpy.testing, name, lambda *a, **k: None)
np.allclose = np.array_equal = lambda *a, **k: True
np.isclose = lambda a, *b, **k: np.ones(np.shape(a), bool)
return np.zeros(np.shape(x))
"""
    ),
    "redefines the decorator": """\
class Cheat:
    def exercise(self, points):
        def decorate(function):
            print("\\u2714 double \\u00b7 2/2 points")
            function.points = function.passed = points
            return function
        return decorate
lab = Cheat()
@lab.exercise(points=2)
def double(x):
    return None
""",
    "edits the text of the checks": _double(
        """
import pathlib
for path in ("CHECKS", "SOLUTION"):
    text = pathlib.Path(path).read_text()
    pathlib.Path(path).write_text(text + "# edited")
return 0
"""
    ),
    "loosens the checks' tolerance": _double(
        """
import labs_utils.exercises.checking
labs_utils.exercises.checking.RTOL = labs_utils.exercises.checking.ATOL = float("inf")
return 0 * x
"""
    ),
    "prints a pass": _double(
        """
import sys, os
text = "\\u2714 double \\u00b7 2/2 points\\n"
print(text, text, file=sys.stderr)
print(text, flush=True)
os.write(1, text.encode())
return None
"""
    ),
    "floods standard output": _double(
        """
import os
for _ in range(300):
    os.write(1, b"x" * 2**20)
    os.write(2, b"x" * 2**20)
return None
"""
    ),
    "reads the solution from the disk": _double(
        """
text = open("SOLUTION").read()
at = text.index("def double")
scope = {"np": np}
exec(text[at : text.index("# %%", at)], scope)
return scope["double"](x)
"""
    ),
    "reads the solution through the package": _double(
        """
from labs_utils.exercises import reference
return reference.find("98_sample", "double")(x)
"""
    ),
    "reads the checks from the package": _double(
        """
import labs_utils.checks
open("MARK", "w").write(open("CHECKS").read())
return 2 * x
""".replace("return 2 * x", "return -x")
    ),
    "reads another student's notebook": _double(
        """
import json
text = "".join(json.load(open("OTHERS"))["cells"][1]["source"])
scope = {"np": np}
exec(text.split("\\n", 1)[1], scope)
return scope["double"](x)
"""
    ),
    "walks the caller's frames": _double(
        """
import sys
frame = sys._getframe()
while frame:
    for scope in (frame.f_globals, frame.f_locals):
        for name in ("expect_close", "expect"):
            if name in scope:
                scope[name] = lambda *a, **k: None
        if "expected" in scope:
            return scope["expected"]
    frame = frame.f_back
return np.zeros(np.shape(x))
"""
    ),
    "searches memory for expected values": _double(
        """
import gc
for thing in gc.get_objects():
    if isinstance(thing, np.ndarray) and thing.shape == x.shape and np.allclose(thing, 2 * x):
        return thing
    if isinstance(thing, dict) and "reference_only_7731" in repr(thing.keys()):
        return 2 * x
return None
"""
    ),
    "an AST transformer": _double(
        """
import ast, builtins
class Rewrite(ast.NodeTransformer):
    def visit_Compare(self, node):
        return ast.Constant(True)
    def visit_Raise(self, node):
        return ast.Pass()
parse, compiled = ast.parse, builtins.compile
ast.parse = lambda *a, **k: Rewrite().visit(parse(*a, **k))
def rewritten(source, *a, **k):
    return compiled(Rewrite().visit(source) if isinstance(source, ast.AST) else source, *a)
builtins.compile = rewritten
return -1 * x
"""
    ),
    "an object that equals everything": _double(
        "return Equal()",
        before="""\
class Equal:
    shape, dtype, ndim, size = (3, 2), float, 2, 6
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __bool__(self): return True
    def __hash__(self): return 0
    def __array_ufunc__(self, *a, **k): return True""",
    ),
    "an array subclass with operators of its own": _double(
        "return np.zeros(np.shape(x)).view(Agreeable)",
        before="""\
class Agreeable(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __array_ufunc__(self, ufunc, method, *inputs, **k): return np.ones(self.shape, bool)
    def __array_function__(self, func, types, args, kwargs): return True
    def __reduce__(self): raise SystemExit""",
    ),
    "an array that claims another one's values": _double(
        "return Claim()",
        before="class Claim:\n    def __array__(self, *a, **k): return np.array([np.nan] * 6, object)",
    ),
    "not a number everywhere": _double("return np.full(np.shape(x), np.nan)"),
    "infinity everywhere": _double("return np.full(np.shape(x), np.inf)"),
    "sys.exit": _double("import sys\nsys.exit(0)"),
    "os._exit": _double("import os\nos._exit(0)"),
    "os._exit where it is defined": """\
@lab.exercise(points=2)
def double(x, y=__import__('os')._exit(0)):
    return 2 * x
""",
    "raises KeyboardInterrupt": _double("raise KeyboardInterrupt"),
    "an infinite loop": _double("while True:\n    pass"),
    "stops itself": _double("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "sleeps in an exit handler": _double("import atexit, time\natexit.register(time.sleep, 3600)\nraise SystemExit"),
    "a memory hog": _double("hog = [np.ones(2**27) for _ in range(64)]\nreturn 2 * x"),
    "a memory hog in many processes": _double(
        """
import os
for _ in range(20):
    if os.fork() == 0:
        hog = bytearray()
        while True:
            hog += b"x" * 2**24
while True:
    pass
"""
    ),
    "a fork storm": _double("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"),
    "a thread storm": _double(
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(3600,)).start()"
    ),
    "a giant reply": _double("return np.zeros((3, 2**26))"),
    "a giant message on the pipe": _double(
        """
reply(struct.pack(">Q", 2**40))
while True:
    reply(b"0" * 2**16)
""",
        before=_PIPES,
    ),
    "a stream without end on the pipe": _double(
        'reply(struct.pack(">Q", 2**25))\nwhile True:\n    reply(b"[")', before=_PIPES
    ),
    "a reply that is not JSON": _double('reply(framed(b"\\xff{]"))\nreturn 2 * x', before=_PIPES),
    "a reply nested ten thousand deep": _double(
        'reply(framed(b\'{"value": \' + b"[" * 10000 + b"]" * 10000 + b"}"))\nreturn None', before=_PIPES
    ),
    "a reply nested as deep as it is read": _double(
        'reply(framed(b\'{"value": \' + b"[" * 900 + b"]" * 900 + b"}"))\nreturn None', before=_PIPES
    ),
    "replies before being asked": _PIPES
    + """\
early = reply(framed(b'{"value": null}') * 3 + framed(b'{"value": 2}') * 3)
@lab.exercise(points=2)
def double(x):
    return 0
""",
    "answers each question twice": _double("reply(framed(b'{\"value\": 0}'))\nreturn 0", before=_PIPES),
    "an error of a strange kind": _double(
        'reply(framed(b\'{"error": {"type": 5, "text": [], "__class__": 1}}\'))\nos._exit(0)', before=_PIPES
    ),
    "a change of a strange argument": _double(
        'reply(framed(b\'{"changed": -99, "value": 2}\'))\nos._exit(0)', before=_PIPES
    ),
    "a number with a million digits": _double(
        "reply(framed(b'{\"value\": ' + b'9' * 10**6 + b'}'))\nos._exit(0)", before=_PIPES
    ),
    "an array of objects on the pipe": _double(
        'reply(framed(b\'{"value": {"__array__": "AAAAAAAAAAA=", "dtype": "O", "shape": [1]}}\'))\nos._exit(0)',
        before=_PIPES,
    ),
    "the summary of a model that is none": _double(
        'reply(framed(b\'{"value": {"__model__": "x", "layers": 7, "parameters": "y"}}\'))\nos._exit(0)', before=_PIPES
    ),
    "a dictionary that claims to be a model": _double('return {"__model__": 0, "layers": [], "parameters": 0}'),
    "closes the pipe": _double("for number in pipes():\n    os.close(number)\ntime.sleep(60)", before=_PIPES),
    "writes to the home folder": _double(
        """
import os
folders = ("HOME", os.path.expanduser("~"), "/tmp", "/scratch", "/dev/shm", ".")
for path in ("MARK", *(f"{folder}/attack" for folder in folders)):
    try:
        open(path, "w").write("harm")
    except OSError:
        pass
return None
"""
    ),
    "opens a socket": _double(
        """
import socket
with socket.create_connection(("127.0.0.1", PORT), timeout=2) as there:
    there.sendall(b"harm")
return None
"""
    ),
    "leaves a child process behind": _double(
        """
import os, subprocess
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "98765"])
    os._exit(0)
subprocess.Popen(["sleep", "98765"], start_new_session=True)
return None
"""
    ),
    "monkeypatches json": _double(
        """
import json
json.dumps = lambda message, **k: '{"value": "passed", "points": 2, "status": "passed"}'
json.loads = lambda *a, **k: {}
return None
"""
    ),
    "takes over the worker": _double(
        """
import gc
for thing in gc.get_objects():
    if type(thing).__name__ == "Worker":
        thing.handle = lambda request: {"value": None, "status": "passed", "points": 2}
return None
"""
    ),
    "a pickle that runs a command": _double(
        "return [pickle.dumps(Bomb()), Bomb()]",
        before="""\
import pickle
class Bomb:
    def __reduce__(self):
        return (__import__("os").system, ("touch MARK",))
    def __array__(self, *a, **k):
        return np.array([Bomb()], object)""",
    ),
    "kills everything it sees": _double(
        """
import os, signal
for number in (1, 2, os.getppid()):
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(number, kind)
        except OSError:
            pass
os.kill(-1, signal.SIGKILL) if os.path.isdir("/grader") else None
return None
"""
    ),
    "spoils the sandbox for whoever comes next": _double(
        """
import os, resource
for limit, value in ((resource.RLIMIT_NOFILE, 5), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_AS, 1000)):
    try:
        resource.prlimit(1, limit, (value, value))
    except (OSError, ValueError):
        pass
os.setpriority(os.PRIO_PROCESS, 1, 19)
os.sched_setaffinity(1, {0})
return None
"""
    ),
    "looks for the grader's secrets": _double(
        """
import os
if any("GRADER_SECRET" in value for value in os.environ.values()):
    return 2 * x
for number in (1, os.getppid()):
    try:
        if b"GRADER_SECRET" in open(f"/proc/{number}/environ", "rb").read():
            return 2 * x
    except OSError:
        pass
return None
"""
    ),
    "an error text of a megabyte with terminal codes": _double(
        "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07\\ud800<script>' + 'x' * 2**20)"
    ),
    "fakes having been blank": _double("raise NotImplementedError"),
    "leaves thousands of folders": _double(
        """
import os
for number in range(3000):
    try:
        os.mkdir(f"/scratch/folder{number}")
    except OSError:
        break
return None
"""
    ),
    "leaves links with long names": _double(
        """
import os
try:
    os.symlink("a message", "/scratch/" + "m" * 200)
    os.link("/scratch", "/scratch/" + "n" * 200)
except OSError:
    pass
return None
"""
    ),
    "leaves keys in every keyring": _double(
        """
for ring in (-2, -3, -4, -5):
    syscall(248, b"user", b"labs", b"a message", 9, ring)
return None
""",
        before=_SYSCALLS,
    ),
    "reads the keyrings": _double(
        """
try:
    found = open("/proc/keys").read()
except OSError:
    found = ""
return 2 * x if "labs" in found or syscall(249, b"user", b"labs", None, 0) > 0 else None
""",
        before=_SYSCALLS,
    ),
    "fills System V memory": _double(
        """
libc.shmat.restype = ctypes.c_void_p
for _ in range(8):
    number = libc.shmget(0, 2**28, 0o1600)
    if number >= 0:
        ctypes.memset(libc.shmat(number, None, 0), 1, 2**24)
return None
""",
        before=_SYSCALLS,
    ),
    "leaves semaphores and messages": _double(
        "libc.semget(7731, 100, 0o1666)\nlibc.msgget(7731, 0o1666)\nreturn None", before=_SYSCALLS
    ),
    "foretells the hidden inputs by the seed": _double(
        """
import random
for seed in (int(np.random.get_state()[1][0]), random.getstate()[1][0]):
    for number in range(4):
        rng = np.random.default_rng([seed, number])
        if x.shape == (3, 2) and np.array_equal(rng.uniform(1, 2, size=(3, 2)), x):
            return 2 * x
return None
"""
    ),
    "a key that reads as a model's": _double(
        'return {Key(): 0, "layers": [], "parameters": 12, "compiled": None}',
        before='class Key:\n    def __str__(self):\n        return "__model__"',
    ),
    "a column of millions": _double("return np.zeros((12_000_000, 1), bool)"),
    "an empty array of a million million columns": _double("return np.zeros((0, 10**12))"),
    "a reply of a million dictionaries": _double("return [{} for _ in range(1_000_000)]"),
    "an error text of braces": _double("raise ValueError('{{' * 300_000)"),
    "uses up process numbers": _double(
        """
import os
for _ in range(450):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
return None
"""
    ),
    "marks the files that are there": _double(
        """
import os
marks = (
    lambda path: os.utime(path, (7731, 7731)),
    lambda path: os.setxattr(path, "user.labs", b"a message"),
    lambda path: os.chmod(path, 0o731),
)
for folder, _, files in os.walk("/scratch"):
    for path in [folder, *(os.path.join(folder, name) for name in files)]:
        for mark in marks:
            try:
                mark(path)
            except OSError:
                pass
return None
"""
    ),
    "makes namespaces of its own": _double(
        """
libc.unshare(0x10000000 | 0x00020000)
for source, place in ((b"/", b"/scratch"), (b"proc", b"/proc")):
    libc.mount(source, place, b"proc", 4096, None)
return None
""",
        before=_SYSCALLS,
    ),
    "traces its parent": _double(
        """
for number in (1, __import__("os").getppid()):
    libc.ptrace(16, number, None, None)
    try:
        open(f"/proc/{number}/mem", "r+b").close()
    except OSError:
        pass
return None
""",
        before=_SYSCALLS,
    ),
    "numbers and words that lie about themselves": _double(
        "return [Number(1), Word('a'), Row([1, 2])]",
        before="""
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
class Word(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
class Row(list):
    def __len__(self): return 6""",
    ),
}

# What travels with an answer, from other cells, is defined in the sandbox: here it attacks while that happens.
ATTACKS |= {
    "a constant elsewhere that is computed for ever": ["K = 9**9**9", _double("return K")],
    "a constant elsewhere that takes all memory": ["K = [0] * 10**12", _double("return K")],
    "a class elsewhere whose body never ends": ["class K:\n    while True:\n        pass", _double("return K")],
    "replies before being asked while a helper is defined": [
        _PIPES,
        "def f(sent=[reply(framed(b'{\"value\": null}')) for _ in range(50)]):\n    return sent",
        _double("return f()"),
    ],
    "forks while a helper is defined": [
        "import os\ndef f(number=os.fork()):\n    return number",
        _double("return f()"),
    ],
    "leaves the sandbox's process while a helper is defined": [
        "import os\n@lambda f: os._exit(0)\ndef f(): pass",
        _double("return f()"),
    ],
    "a decorator elsewhere that puts a liar in the answer's place": [
        """\
class Liar(np.ndarray):
    def __eq__(self, other): return np.ones(np.shape(other), bool)
    def __array_ufunc__(self, *of, **more): return True
class Double:
    def __call__(self, x): return np.zeros(np.shape(x)).view(Liar)
    def __eq__(self, other): return True
def replaced(f):
    return Double()""",
        "@lab.exercise(points=2)\n@replaced\ndef double(x):\n    return 2 * x",
    ],
    "a metaclass that answers for the class": [
        """\
class Meta(type):
    def __call__(cls, x): return cls
    def __array__(cls, dtype=None, copy=None): return np.full((3, 2), np.nan)
    def __instancecheck__(cls, other): return True
    __float__ = __index__ = lambda cls: 0""",
        "@lab.exercise(points=2)\nclass double(metaclass=Meta):\n    pass",
    ],
    "names of the same letters in another width": "@\uff4cab.exercise(points=2)\ndef d\uff4fuble(x):\n    return x",
    "annotations that run": [
        "from __future__ import generator_stop",
        "@lab.exercise(points=2)\ndef double(x: open('MARK', 'w').close()) -> __import__('os')._exit(0):\n    return 2",
    ],
    "an import of its own elsewhere": [
        "class Anything:\n    def __getattr__(self, name): return lambda *a, **k: 0\n"
        "def __import__(*a, **k):\n    return Anything()",
        _double("import labs_utils.exercises.reference as r\nreturn __import__ and r.find('98_sample', 'double')(x)"),
    ],
    "names that are found when they are asked for": [
        "def __getattr__(name):\n    return 0",
        _double("return __getattr__ and secret * x"),
    ],
    "helpers without end that call one another": [
        "\n".join(f"def h{n}(x): return h{n + 1}(x)" for n in range(2500)),
        _double("return h0(x)"),
    ],
    "a helper elsewhere that is called like the check's functions": [
        "def expect_close(*a, **k): pass\ndef expect(*a, **k): pass\nclass checks: RTOL = ATOL = 1e9",
        _double("expect_close(), expect()\nreturn 0 * x"),
    ],
    "an error of megabytes in kind and text while it is defined": [
        "def f(*a): raise type('E' * 2_000_000, (Exception,), {})('x' * 2_000_000)",
        "@lab.exercise(points=2)\n@f\ndef double(x):\n    return 2 * x",
    ],
    "an error whose place has megabytes": [
        f"def f(x):\n    y = {'z' * 90_000}; return y",
        _double("return f(x)"),
    ],
}
