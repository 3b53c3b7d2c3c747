# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All the small mutations of a Python source: each is one edit of the text, so that a line number means the same before and after."""

from __future__ import annotations

import ast
import collections
import dataclasses
from collections.abc import Iterator

MODULE_LEVEL = "<module>"

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SHOWN = 110


@dataclasses.dataclass(frozen=True)
class Mutation:
    """function: the qualified name of the innermost function around it. change: what a person reads, and what names it
    among all mutations of the function, wherever its lines move to. begin, end: the bytes that ``text`` replaces."""

    file: str
    function: str
    change: str
    line: int
    begin: int
    end: int
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}: {self.function}: {self.change}"

    def apply(self, source: str) -> str:
        data = source.encode()
        return (data[: self.begin] + self.text.encode() + data[self.end :]).decode()


def mutations(file: str, source: str) -> list[Mutation]:
    """Every mutation of ``source``, in the order of the text. Two that read the same get a number."""
    walker = _Walker(file, source)
    walker.visit(ast.parse(source))
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for one in sorted(walker.found, key=lambda one: (one.begin, one.end, one.text)):
        seen[one.name] += 1
        number = seen[one.name]
        found.append(dataclasses.replace(one, change=f"{one.change} (number {number})") if number > 1 else one)
    return found


class _Walker(ast.NodeVisitor):
    def __init__(self, file: str, source: str) -> None:
        self.file, self.source = file, source
        self.data = source.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutation] = []
        self.around: list[str] = []

    # -- edits ---------------------------------------------------------------------------------------------------

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def add(self, node: ast.expr | ast.stmt, now: str, text: str, span: tuple[int, int] | None = None) -> None:
        begin, end = span or self.span(node)
        was = " ".join(self.data[begin:end].decode().split())
        was = was if len(was) <= _SHOWN else was[:_SHOWN] + " ..."
        function = ".".join(self.around).removesuffix(".<locals>") or MODULE_LEVEL
        self.found.append(Mutation(self.file, function, f"{was} -> {now}", node.lineno, begin, end, text))

    def replace(self, node: ast.expr, new: ast.expr) -> None:
        text = ast.unparse(new)
        self.add(node, text if len(text) <= _SHOWN else text[:_SHOWN] + " ...", f"({text})")

    def drop(self, node: ast.stmt) -> None:
        self.add(node, "dropped", "pass")

    def negate(self, test: ast.expr) -> None:
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and not isinstance(test.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            return  # its operator is turned round anyway
        begin, end = self.span(test)
        self.add(test, "negated", f"(not ({self.data[begin:end].decode()}))")

    # -- where something is ----------------------------------------------------------------------------------------

    def inside(self, node: ast.AST, name: str, *parts: ast.AST | list[ast.stmt]) -> None:
        self.around.append(name)
        for part in parts:
            for one in part if isinstance(part, list) else [part]:
                self.visit(one)
        self.around.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside(node, node.name, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        # Defaults belong to what is around; annotations change nothing.
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        self.around.append(node.name)
        self.inside(node, "<locals>", node.body)
        self.around.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Messages are not mutated, and positions inside of them are not exact in Python 3.11."""

    # -- statements ------------------------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.drop(node)
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.drop(node)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self.drop(node)
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self.drop(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.drop(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.drop(node)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in ("TYPE_CHECKING", "t.TYPE_CHECKING"):
            return
        self.negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        first, last = node.body[0], node.body[-1]
        if len(node.body) > 1 or not isinstance(first, ast.Pass | ast.Raise | ast.Return | ast.Continue | ast.Break | ast.Expr):
            self.add(first, "the handler's body dropped", "pass", (self.span(first)[0], self.span(last)[1]))
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        begin, end = self.span(node)[0], self.span(node.items[-1].context_expr)[1]
        plain = all(item.optional_vars is None for item in node.items)
        if plain and self.data[end : end + 1] == b":" and self.data[begin:].startswith(b"with "):
            self.add(node, "if True", "if True", (begin, end))
        self.generic_visit(node)

    # -- expressions -----------------------------------------------------------------------------------------------

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.negate(test)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.replace(node, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for number, operator in enumerate(node.ops):
            other = _COMPARISONS[type(operator)]()
            self.replace(node, ast.Compare(node.left, [*node.ops[:number], other, *node.ops[number + 1 :]], node.comparators))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        for text in _other(node.value):
            self.add(node, text, text)


def _other(value: object) -> Iterator[str]:
    """The constants that are put in the place of one."""
    if value is True or value is None:
        yield "False" if value else "True"
    elif value is False:
        yield "True"
    elif isinstance(value, int):
        yield str(value + 1)
