"""Which error codes the plug-ins raise. Nothing is imported: the syntax trees tell.

A code is whatever can become the ``code`` of a failure: what is assigned to an attribute ``code``, given as an argument
``code``, or put under the key ``code`` of a dict. From there the search goes back to the texts: through conditional
expressions, local names, tables, parameters (to the arguments of each call) and what functions return. It is strict:
where it does not arrive at a text it says so, and the check fails.
"""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

from generators.syntax import COMPREHENSIONS, Forest, Function, Source, called, inside

FAILURE = "Failure"
# What a value is taken out of on the way to the code: a position of a tuple, or one of these.
KEYS, VALUES = "what it is iterated over", "what it holds"
Steps = tuple[int | str, ...]

COPIES = ("sorted", "list", "tuple", "set", "frozenset", "dict", "reversed")
LOOKS = ("isinstance", "issubclass", "suppress", "cast", "TypeVar")  # these take a class, and make nothing with it
HINT = "write it as a text, a choice between texts, a table in the file, or a parameter that the callers give such a value"


@dataclasses.dataclass
class Raised:
    """codes: each code, with the files that raise it, as ``path:line``. unresolved: where no text was found, and what to do."""

    codes: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    unresolved: list[str] = dataclasses.field(default_factory=list)


def scan(root: Path) -> Raised:
    """Search plugins/ below ``root``."""
    search = _Search(Forest(root))
    search.run()
    search.found.codes = {code: sorted(set(places)) for code, places in sorted(search.found.codes.items())}
    search.found.unresolved = sorted(set(search.found.unresolved))
    return search.found


class _Search:
    def __init__(self, forest: Forest) -> None:
        self.forest, self.found = forest, Raised()
        self._seen: set[tuple[int, Steps]] = set()

    def run(self) -> None:
        for node in self.forest.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._assigned(target, value, ())
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assigned(target, value, ())
                case ast.AugAssign(target=ast.Attribute(attr="code")):
                    self._give_up(node)
                case ast.keyword(arg="code", value=value):
                    self._values(value, ())
                case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="code"), value]):
                    self._values(value, ())
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if isinstance(key, ast.Constant) and key.value == "code":
                            self._values(value, ())
                case ast.ClassDef():
                    self._class(node)

    def _assigned(self, target: ast.expr, value: ast.expr, steps: Steps) -> None:
        """An assignment to an attribute ``code``, also as one of several, or of a class."""
        if isinstance(target, (ast.Tuple, ast.List)):
            for number, one in enumerate(target.elts):
                self._assigned(one, value, (*steps, number))
        elif isinstance(target, ast.Attribute) and target.attr == "code":
            self._values(value, steps)
        elif isinstance(target, ast.Name) and target.id == "code":
            holder = next((node for node in self.forest.above(target) if isinstance(node, (Function, ast.ClassDef))), None)
            if isinstance(holder, ast.ClassDef):
                self._values(value, steps)

    def _class(self, node: ast.ClassDef) -> None:
        """A data class with a field ``code``: whatever makes one gives the code. A subclass of failures is not followed."""
        fields = [one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
        if "code" in fields:
            self._arguments(node, fields.index("code"), "code", None)
        if any(called(base) == FAILURE for base in node.bases):
            place = self.forest.place(node)
            self.found.unresolved.append(f"{place}: a subclass of {FAILURE} hides its code from the search; raise {FAILURE} itself")

    # -- back to the texts ---------------------------------------------------------------------------------------

    def _values(self, node: ast.expr, steps: Steps) -> None:
        """Every text that ``node`` can be, once ``steps`` are taken."""
        if (id(node), steps) in self._seen:
            return
        self._seen.add((id(node), steps))
        match node:
            case ast.Constant(value=str(text)) if not steps:
                self.found.codes.setdefault(text, []).append(self.forest.place(node))
            case ast.Constant(value=None):
                pass
            case ast.Attribute(attr="code") if not steps:
                pass  # that of another failure, which was given somewhere too
            case ast.IfExp(body=one, orelse=other):
                self._each((one, other), steps)
            case ast.BoolOp(values=several):
                self._each(several, steps)
            case ast.BinOp(op=ast.Add() | ast.BitOr(), left=one, right=other) if steps:
                self._each((one, other), steps)
            case ast.NamedExpr(value=value):
                self._values(value, steps)
            case ast.Name():
                self._name(node, node.id, steps)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements) if steps:
                self._elements(node, elements, steps)
            case ast.Dict(keys=keys, values=values) if steps:
                for key, value in zip(keys, values, strict=True):
                    if key is None:  # **other
                        self._values(value, steps)
                    else:
                        self._values(key if steps[0] == KEYS else value, steps[1:])
            case ast.Subscript(value=table, slice=ast.Constant(value=int(number))):
                self._values(table, (number, *steps))
            case ast.Subscript(value=table):
                self._values(table, (VALUES, *steps))
            case ast.Call():
                self._call(node, steps)
            case ast.Attribute():
                self._attribute(node, steps)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element) if steps and steps[0] == KEYS:
                self._values(element, steps[1:])
            case ast.DictComp(key=key, value=value) if steps:
                self._values(key if steps[0] == KEYS else value, steps[1:])
            case _:
                self._give_up(node)

    def _each(self, nodes: list[ast.expr] | tuple[ast.expr, ...], steps: Steps) -> None:
        for node in nodes:
            self._values(node, steps)

    def _elements(self, node: ast.expr, elements: list[ast.expr], steps: Steps) -> None:
        step = steps[0]
        if any(isinstance(one, ast.Starred) for one in elements) or (isinstance(step, int) and step >= len(elements)):
            self._give_up(node)
        elif isinstance(step, int):
            self._values(elements[step], steps[1:])
        else:
            self._each(elements, steps[1:])

    def _call(self, node: ast.Call, steps: Steps) -> None:
        match node:
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, *default]):
                self._values(table, (VALUES, *steps))
                self._each(default, steps)
            case ast.Call(func=ast.Attribute(value=table, attr="items")) if steps[:1] == (KEYS,) and steps[1:2] in ((0,), (1,)):
                self._values(table, ((KEYS, VALUES)[int(steps[1])], *steps[2:]))
            case ast.Call(func=ast.Attribute(value=table, attr="values")) if steps[:1] == (KEYS,):
                self._values(table, (VALUES, *steps[1:]))
            case ast.Call(func=ast.Attribute(value=table, attr="keys")) if steps[:1] == (KEYS,):
                self._values(table, steps)
            case ast.Call(func=ast.Name(id=name), args=[table, *_]) if name in COPIES and steps:
                self._values(table, steps)
            case _:
                functions = self.forest.functions(called(node.func) or "", node)
                if not functions:
                    self._give_up(node)
                for function in functions:
                    self._each([one.value for one in inside(function) if isinstance(one, ast.Return) and one.value], steps)

    def _attribute(self, node: ast.Attribute, steps: Steps) -> None:
        """A name of the own class, or of another file that is imported."""
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            holder = next((one for one in self.forest.above(node) if isinstance(one, ast.ClassDef)), None)
            if holder is not None and self._bound(holder, node.attr, steps):
                return
        elif isinstance(node.value, ast.Name):
            other = self._imported(self.forest.source(node), node.value.id)
            if other is not None and self._bound(other.tree, node.attr, steps):
                return
        self._give_up(node)

    # -- names ---------------------------------------------------------------------------------------------------

    def _name(self, node: ast.expr, name: str, steps: Steps) -> None:
        """Everything that a name is bound to, in the innermost scope that binds it."""
        for scope in self.forest.above(node):
            if isinstance(scope, COMPREHENSIONS):
                pairs = [(one.target, one.iter) for one in scope.generators]
                hits = [(value, way) for target, value in pairs for way in _ways(target, name)]
                for value, way in hits:
                    self._values(value, (KEYS, *way, *steps))
                if hits:
                    return
            elif isinstance(scope, (Function, ast.Module)) and self._bound(scope, name, steps):
                return
        self._give_up(node)

    def _bound(self, scope: ast.AST, name: str, steps: Steps) -> bool:
        """Follow every binding of the name in this scope; False when there is none."""
        hits = self._parameter(scope, name, steps) if isinstance(scope, Function) else False
        for node in inside(scope):
            pairs: list[tuple[ast.expr, ast.expr, Steps]] = []
            match node:
                case ast.Assign(targets=targets, value=value):
                    pairs = [(target, value, ()) for target in targets]
                case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                    pairs = [(target, value, ())]
                case ast.For(target=target, iter=value):
                    pairs = [(target, value, (KEYS,))]
                case ast.ImportFrom(module=str(module)) if any((one.asname or one.name) == name for one in node.names):
                    hits = True
                    (alias,) = [one for one in node.names if (one.asname or one.name) == name]
                    other = self.forest.file_of(module)
                    if other is None or not self._bound(other.tree, alias.name, steps):
                        self._give_up(node)
                case ast.AugAssign(target=ast.Name(id=bound)) | ast.ExceptHandler(name=str(bound)) if bound == name:
                    hits = True
                    self._give_up(node)
                case ast.withitem(optional_vars=ast.Name(id=bound)) if bound == name:
                    hits = True
                    self._give_up(node.context_expr)
            for target, value, before in pairs:
                for way in _ways(target, name):
                    hits = True
                    self._values(value, (*before, *way, *steps))
                # An entry that is added to a table: NAME[key] = value
                if isinstance(target, ast.Subscript) and called(target.value) == name and steps:
                    self._values(target.slice if steps[0] == KEYS else value, steps[1:])
        return hits

    def _imported(self, source: Source, name: str) -> Source | None:
        """The file that a name of another file stands for, when the name is that of a module."""
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return self.forest.file_of(f"{node.module}.{alias.name}")
        return None

    def _parameter(self, function: Function, name: str, steps: Steps) -> bool:
        """Follow a parameter to the arguments of every call. False when the function has none of this name."""
        told = function.args
        positional = [*told.posonlyargs, *told.args]
        names = [one.arg for one in positional]
        if name in {one.arg for one in (told.vararg, told.kwarg) if one}:
            self._give_up(function)
            return True
        if name not in names and name not in {one.arg for one in told.kwonlyargs}:
            return False
        defaults = dict(zip(reversed(names), reversed(told.defaults), strict=False))
        defaults |= {one.arg: value for one, value in zip(told.kwonlyargs, told.kw_defaults, strict=True) if value}
        holder = self.forest.parent(function)
        method = isinstance(holder, ast.ClassDef) and not any(called(one) == "staticmethod" for one in function.decorator_list)
        number = names.index(name) - method if name in names else None
        definition = holder if isinstance(holder, ast.ClassDef) and function.name == "__init__" else function
        self._arguments(definition, number, name, defaults.get(name), steps)
        return True

    def _arguments(
        self, definition: Function | ast.ClassDef, number: int | None, name: str, default: ast.expr | None, steps: Steps = ()
    ) -> None:
        """What each call of a function or class gives for one parameter; number: its position, None for a keyword only."""
        self._only_called(definition)
        for use in self.forest.uses(definition):
            call = self.forest.parent(use)
            if not isinstance(call, ast.Call) or call.func is not use:
                continue
            given = [one.value for one in call.keywords if one.arg == name]
            if not given and number is not None and number < len(call.args):
                given = call.args[number : number + 1]
            if any(isinstance(one, ast.Starred) for one in call.args[: (number or 0) + 1]):
                self._give_up(call)
            elif given:
                self._values(given[0], steps)
            elif any(one.arg is None for one in call.keywords):
                self._give_up(call)
            elif default is not None:
                self._values(default, steps)

    def _only_called(self, definition: Function | ast.ClassDef) -> None:
        """A function or class that is handed on under another name is called where nobody sees it."""
        for use in self.forest.uses(definition):
            parent = self.forest.parent(use)
            handed = isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return, ast.keyword)) and parent.value is use
            argument = isinstance(parent, ast.Call) and parent.func is not use and called(parent.func) not in LOOKS
            if handed or argument or (isinstance(parent, ast.Raise) and parent.exc is use):
                self._give_up(use)

    def _give_up(self, node: ast.AST) -> None:
        text = " ".join(ast.unparse(node).split()) if isinstance(node, ast.expr) else type(node).__name__
        self.found.unresolved.append(f"{self.forest.place(node)}: cannot tell which error code this gives ({text[:60]}); {HINT}")


def _ways(target: ast.expr, name: str) -> list[Steps]:
    """How to get from a value to what the target binds to the name: the positions to take out of it."""
    if isinstance(target, ast.Name):
        return [()] if target.id == name else []
    if isinstance(target, (ast.Tuple, ast.List)):
        return [(number, *way) for number, one in enumerate(target.elts) for way in _ways(one, name)]
    return []
