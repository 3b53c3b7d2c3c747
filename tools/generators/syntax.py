"""The syntax trees of the plug-ins, with what a search through them needs: parents, scopes, definitions, calls."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

PREFIX = "ansible_collections.groundwork.provision."
Function = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


@dataclasses.dataclass(frozen=True)
class Source:
    """One file. path: relative to the root."""

    path: Path
    tree: ast.Module

    @property
    def dotted(self) -> str:
        return PREFIX + ".".join(self.path.with_suffix("").parts)


class Forest:
    """Every file below plugins/."""

    def __init__(self, root: Path) -> None:
        self.sources = [
            Source(path.relative_to(root), ast.parse(path.read_text(encoding="utf-8"), str(path)))
            for path in sorted((root / "plugins").rglob("*.py"))
        ]
        self._parents: dict[ast.AST, ast.AST] = {}
        self._source: dict[ast.AST, Source] = {}
        self.nodes: list[ast.AST] = []
        for source in self.sources:
            self._source[source.tree] = source
            for node in ast.walk(source.tree):
                self.nodes.append(node)
                for child in ast.iter_child_nodes(node):
                    self._parents[child] = node
                    self._source[child] = source

    def source(self, node: ast.AST) -> Source:
        return self._source[node]

    def place(self, node: ast.AST) -> str:
        """``path:line`` for messages."""
        return f"{self.source(node).path}:{getattr(node, 'lineno', 1)}"

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that hold this one, from the inside out."""
        at = self.parent(node)
        while at is not None:
            yield at
            at = self.parent(at)

    def file_of(self, dotted: str) -> Source | None:
        """The file that an import names."""
        return next((source for source in self.sources if source.dotted == dotted), None)

    def functions(self, name: str, near: ast.AST) -> list[Function]:
        """The functions of this name in the file of ``near``; where it has none, in all files."""
        found = [node for node in self.nodes if isinstance(node, Function) and node.name == name]
        return [node for node in found if self.source(node) is self.source(near)] or found

    def uses(self, definition: Function | ast.ClassDef) -> Iterator[ast.Name | ast.Attribute]:
        """Where its name is used: a private one in its own file, one inside a function there."""
        outer = self.parent(definition)
        inside = definition.name.startswith("_") or isinstance(outer, Function)
        within = outer if isinstance(outer, Function) else self.source(definition).tree
        for node in ast.walk(within) if inside else self.nodes:
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and called(node) == definition.name:
                yield node


def called(node: ast.AST | None) -> str | None:
    """The last name of ``name`` or ``something.name``."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def inside(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function or module, without those of the functions and classes in it (their own names excepted)."""
    stack = list(ast.iter_child_nodes(scope))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES):
            stack += ast.iter_child_nodes(node)
