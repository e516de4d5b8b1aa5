"""The layers of the C engine include one way only, and their special rights are kept."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "dwarf-helper" / "src"
LAYERS = ["base", "target", "image", "layout", "runtime", "context", "analysis", "report", "main"]
FILES = sorted(p for layer in LAYERS for p in (SRC / layer).rglob("*.[ch]"))


def test_every_folder_is_a_layer() -> None:
    assert {p.name for p in SRC.iterdir() if p.is_dir()} == set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_includes_go_left(path: Path) -> None:
    own = LAYERS.index(path.relative_to(SRC).parts[0])
    for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
        layer = name.split("/")[0]
        if layer in LAYERS:
            assert LAYERS.index(layer) <= own, f"{path.name} includes {name}"
        else:
            assert (path.parent / name).exists(), f"{path.name}: {name} belongs to no layer"


def test_private_headers_stay_private() -> None:
    """X_internal.h is its folder's alone, and a header that files of one module share is called so (CONTRIBUTING.md)."""
    users: dict[str, set[Path]] = {}
    for path in FILES:
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
            users.setdefault(name, set()).add(path)
    for path in FILES:
        name = str(path.relative_to(SRC))
        if path.name.endswith("_internal.h"):
            assert {user.parent for user in users.get(name, set())} <= {path.parent}, f"{name} is included from elsewhere"
            module = path.name.removesuffix("_internal.h")
            assert module == path.parent.name or (path.parent / f"{module}.c").exists() or list(path.parent.glob(f"{module}_*.c")), (
                f"{name} belongs to no module")
        assert not re.fullmatch(r"(internal|private|.*_private)\.h", path.name), name


def test_only_image_includes_libdwarf() -> None:
    users = {p.relative_to(SRC).parts[0] for p in FILES if re.search(r"#\s*include.*[<\"](libdwarf/|libdwarf\.h|dwarf\.h)", p.read_text())}
    assert users == {"image"}


def test_only_report_and_main_print() -> None:
    printing = re.compile(r"\b(printf|puts|putchar|fputs|fprintf|fwrite)\s*\(")
    for path in FILES:
        layer = path.relative_to(SRC).parts[0]
        if layer in ("report", "main"):
            continue
        hit = printing.search(without_comments(path))
        assert not hit, f"{path.relative_to(SRC)} prints: {hit.group(0)}"


# Texts of the program or the runtime that are looked into; what goctx has said itself is never read back.
READS_NAMES = {
    "analysis/rule_ignores_cancel.c": "wait reasons",
    "analysis/rule_stuck_task.c": "wait reasons",
    "analysis/waitfor.c": "names of functions of sync",
    "analysis/waitfor_chain.c": "a function's name",
    "context/above.c": "a function's name",
    "context/custom.c": "a type's name",
    "report/context.c": "the user's argument",
    "report/layout.c": "alternatives in the table of fields",
    "report/path.c": "a function's name",
    "report/task_filter.c": "wait reasons, against the user's word",
}


def without_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.S)


def test_answers_are_data_up_to_the_report() -> None:
    """No sentence is made below report/; errors, notes and hints, which say what went wrong, are."""
    for path in FILES:
        layer = path.relative_to(SRC).parts[0]
        if layer not in ("context", "analysis"):
            continue
        text = re.sub(r"\b(err_\w+|notes_add)\s*\([^;]*;", "", without_comments(path), flags=re.S)
        said = [s for s in re.findall(r'"((?:[^"\\]|\\.)*)"', text) if re.search(r"[a-z] [a-z]+ [a-z]", s)]
        said = [s for s in said if not re.match(r"(net/http|database/sql|gRPC) ", s)]  # names of exempt.c
        said = [s for s in said if path.name != "rules.h" or not s.endswith("?")]  # what a rule asks: help, no answer
        assert not said, f"{path.relative_to(SRC)}: {said}"
        assert "base/text.h" not in text, f"{path.relative_to(SRC)} has words for numbers"


def test_no_text_of_ours_is_read_back() -> None:
    searching = re.compile(r"\b(strstr|strchr|strrchr|strcspn|strtok|memmem)\s*\(")
    users = {str(p.relative_to(SRC)) for p in FILES
             if p.relative_to(SRC).parts[0] in ("context", "analysis", "report") and searching.search(without_comments(p))}
    assert users == set(READS_NAMES), users ^ set(READS_NAMES)


RULE = re.compile(r'^\t(RUN|WITH)\([A-Z_]+, (?:(\w+), )?"([\w-]+)", "', re.M)


def test_rules_are_registered_in_one_place() -> None:
    """A rule's file, its function and its names are those of the line in rules.h, and the README says what it finds."""
    rows = RULE.findall((SRC / "analysis/rules.h").read_text())
    assert len(rows) > 10 and all(function in ("", name.replace("-", "_")) for _, function, name in rows)
    files = {f"rule_{function}.c" for kind, function, _ in rows if kind == "RUN"}
    assert {path.name for path in (SRC / "analysis").glob("rule_*.c")} == files
    for path in (SRC / "analysis").glob("rule_*.c"):
        assert re.search(rf"^struct err \*{path.stem}\(struct leaks \*l\)$", path.read_text(), re.M), path.name
    named = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "README.md").read_text(), re.M))
    assert {name for _, _, name in rows} <= named, {name for _, _, name in rows} - named


def test_no_key_is_a_host_pointer() -> None:
    """What is equal in two cores hashes equal."""
    for path in FILES:
        if path.relative_to(SRC).parts[0] in ("context", "analysis"):
            assert "uintptr_t" not in without_comments(path), path.relative_to(SRC)


def test_none_has_a_name() -> None:
    """"No task", "no context", "no slot" are TASK_NONE, CTX_NONE and the like, not the number behind them."""
    for path in sorted((SRC / "analysis").glob("*.[ch]")):
        bare = [line for line in without_comments(path).splitlines() if "UINT32_MAX" in line and not line.startswith("#define")]
        assert not bare, f"{path.name}: {bare}"


def test_report_looks_at_no_runtime() -> None:
    """What lies behind a model is asked for by name: context/parts.h."""
    found = {p.name for p in FILES if p.parent.name == "report" and re.search(r"\bm->rt->", p.read_text())}
    assert not found


def test_report_changes_no_model() -> None:
    """An answer reads the model; what is learnt while it is made, context/ keeps behind functions that say so."""
    found = {p.name for p in FILES if p.parent.name == "report"
             if re.search(r"(?<!const )\bstruct model (\*|\w+\s*[;={])", without_comments(p))}
    assert not found
    report = re.search(r"^struct report \{.*?^\}", (SRC / "report/report.h").read_text(), re.M | re.S)
    assert report and "const struct model *m;" in report.group()


def test_no_file_grows_without_bound() -> None:
    long = [f"{p.relative_to(SRC)}: {n}" for p in FILES if (n := len(p.read_text().splitlines())) > 700]
    assert not long, long


# A processor is a table and a reader of its code; what they know, no other file writes down (base/arch.h).
ARCH_FILES = re.compile(r"(base/arch|runtime/code)(_\w+)?\.[ch]|runtime/sanitized_\w+\.c")
REGISTERS = ("r8 r9 r10 r11 r12 r13 r14 r15 rax rbx rcx rdx rsi rdi rbp rsp rip orig_rax eflags fs_base gs_base"
             " x0 x28 x29 x30 lr xmm15").split()
MACHINE = {
    "register": r"(?<!\\)\b(U?REG_)?(%s)\b" % "|".join(REGISTERS + [name.upper() for name in REGISTERS]),
    "header of the host's processor": r"#\s*include\s*<(sys/(user|procfs|ucontext|reg)|ucontext|asm/[^>]+)\.h>",
    "struct of the host's processor": r"\b(user_regs_struct|elf_gregset_t|elf_prstatus|elf_prpsinfo|[um]context_t|gregs)\b",
    "machine": r"\bR_X86_64_\w+|\bEM_(?!NONE\b)\w+|\w*x86\w*|\w*amd64\w*|\w*arm64\w*|\baarch64",
    "page size": r"(?i)\b\w*page(_size|_bytes)?\s*=?\s*(4096|0x1000|16384|65536)u?\b"  # #define PAGE 4096, page = 4096
                 r"|[-&~/]\s*\(?\s*(4096|4095|0x1000|0xfff)u?\b|\b(4096|0x1000)u?\s*-\s*1\b",
    "width of addresses": r"(>>|<<)\s*4[78]\b|BITS\w*\s+4[78]\b|\b0x8000_?0000_?0000|\b0x7fff_?ffff_?f|\b0xffff8",
}
# Where a word that looks like one is something else: a file, the text, and why.
NOT_OF_THE_TARGET = {
    ("context/words.c", "__x86_64__"): "what the processor that goctx runs on can do",
}


def code_of(text: str) -> str:
    """C without its comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def machine_words(text: str) -> set[tuple[str, str]]:
    return {(what, hit.group(0).strip()) for what, pattern in MACHINE.items() for hit in re.finditer(pattern, code_of(text))}


def test_only_arch_files_know_the_processor() -> None:
    known, found = set(), []
    for path in FILES:
        name = str(path.relative_to(SRC))
        if ARCH_FILES.fullmatch(name):
            continue
        for what, word in sorted(machine_words(path.read_text())):
            if (name, word) in NOT_OF_THE_TARGET:
                known.add((name, word))
            else:
                found.append(f"{name}: {what}: {word}")
    assert not found, "\n".join(found)
    assert known == set(NOT_OF_THE_TARGET)


def test_only_machine_py_names_registers_in_gdb() -> None:
    """Texts that are the name of a register; help may speak of $rax."""
    package, users = ROOT / "gdb" / "goctx", {}
    for path in package.rglob("*.py"):
        texts = {node.value for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        named = texts.intersection(REGISTERS)
        if named:
            users[str(path.relative_to(package))] = named
    assert set(users) == {"machine.py"}, users


@pytest.mark.parametrize("line, what", [
    ("uint64_t pc = th->regs[UREG_RIP];", "register"),
    ("static const char *g = \"r14\";", "register"),
    ("#include <sys/ucontext.h>", "header of the host's processor"),
    ("struct elf_prstatus st;", "struct of the host's processor"),
    ("if (eh.e_machine != EM_X86_64)", "machine"),
    ("if (ELF64_R_TYPE(r.r_info) == R_X86_64_RELATIVE)", "machine"),
    ("buf_lit(out, \"linux/amd64\");", "machine"),
    ("enum { PAGE = 4096 };", "page size"),
    ("#define PAGE 4096u", "page size"),
    ("\tFIRST_PAGE = 4096,", "page size"),
    ("static const uint64_t page = 4096;", "page size"),
    ("a = (a + 4095) & ~0xfff;", "page size"),
    ("return hi >> 47 == 0;", "width of addresses"),
    ("#define SIZE_MAX_PLAUSIBLE (1ull << 47)", "width of addresses"),
    ("#define REF_ADDR_BITS 47", "width of addresses"),
    ("uint64_t index = (base + 0x800000000000u) / HEAP_ARENA;", "width of addresses"),
])
def test_words_of_a_processor_are_seen(line: str, what: str) -> None:
    assert what in {kind for kind, _ in machine_words(line)}


@pytest.mark.parametrize("line", [
    "if (i % 4096 == 0 && runtime_canceled(rt))",
    "#define RTYPE_NAME_MAX 4096",
    "\tCTX_FROM_TYPED = 4096,",
    "#define HEAP_PAGE 8192u",
    "n = 48;  // >> 47 in rax",
    "uint64_t h = word * 0x9e3779b97f4a7c15u >> 52;",
])
def test_other_words_are_none_of_a_processor(line: str) -> None:
    assert not machine_words(line)


def code(path: Path) -> str:
    """The text of a C file without its comments and strings."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', " ", path.read_text(), flags=re.S)


def test_every_field_has_a_reader() -> None:
    """A field that nobody reads may be renamed in the next release of Go, and would break the tool for nothing."""
    entries = re.findall(r'^([FOVW])\((\w+), (?:(\w+), )?"', (SRC / "layout/fields.h").read_text(), re.M)
    assert len(entries) > 200
    readers = "\n".join(code(p) for p in FILES if p.parent.name != "layout")
    unread = [f"{first}.{key}" if key else first for kind, first, key in entries
              if not re.search(rf"\b{first}\.{key}\b" if kind in "FO" else rf"\bLAYOUT_VAR_{first}\b", readers)]
    assert not unread, unread


def test_only_layout_compares_releases() -> None:
    """Others ask whether a field is there, or a named fact of layout/facts.c."""
    asking = re.compile(r"(\.|->)minor\b|\bimage_go_minor\s*\(")
    users = {p.relative_to(SRC).parts[0] for p in FILES if asking.search(code(p))}
    assert users <= {"image", "layout"}


def test_no_lookup_beside_what_it_moves() -> None:
    """C evaluates the operands in any order: `v[look_up()]` may read v before look_up() has moved it."""
    growing = re.compile(r"\bpcs\.v\[[^\]]*\bruntime_pc\(|\bv\[\s*(?:add|lookup|intern)\w*\(")
    assert not [str(p) for p in FILES if growing.search(code(p))]
