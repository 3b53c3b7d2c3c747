# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where any of many words stands in a text, in a time that grows with the text and hardly with the number of words.

The text is looked at in blocks of four letters, each once. Wherever a word of seven letters or more stands, one of these
blocks lies wholly inside its first seven letters, at one of four offsets; a table tells which blocks and offsets are worth a
closer look (the idea of Karp and Rabin). Python's own search looks for the few words that are shorter.
"""

from __future__ import annotations

import typing as t

BLOCK = 4
HEAD = 2 * BLOCK - 1  # the shortest word that is sure to hold a whole block
FEW = 48  # up to as many words, Python's search for each is quicker than the blocks
SHORTEST_BEGINNING = 4
# A head that is met as often as this in one text (letters that repeat) is left to Python's own search from then on, which is
# quicker then, if the words that begin with it have no more letters together than this.
BUSY, BUSY_LETTERS = 1000, 64

Span = tuple[int, int]


class _Group(t.NamedTuple):
    """The words that begin with the same :data:`HEAD` letters, and their lengths, both with the longest first."""

    words: tuple[str, ...]
    lengths: tuple[int, ...]
    alike: bool  # many words of few lengths


class _Table(t.NamedTuple):
    """groups: by head. blocks: the offsets in a head at which a block stands, and the letters with which these heads begin.

    beginnings: those of fewer than :data:`HEAD` letters. ends: the letters with which these end.
    """

    groups: dict[str, _Group]
    blocks: dict[str, dict[int, str]]
    beginnings: set[str]
    ends: set[str]


class Words:
    """A set of words to be found."""

    def __init__(self, words: t.Iterable[str]) -> None:
        self._all = frozenset(words)
        self._short = [word for word in self._all if len(word) < HEAD]
        self._table: _Table | None = None

    def spans(self, text: str, mark: str | None = None) -> list[Span]:
        """(begin, end) of every place to be hidden, in order, none within another.

        mark: what stands where a text was shortened; the beginning of a word counts too when it stands before one.
        """
        if mark is not None and mark in text:
            found = self._by_blocks(text, mark)
            self._short_beginnings(text, mark, found)
            words: t.Iterable[str] = self._short
        elif len(self._all) <= FEW:
            found, words = [], self._all
        else:
            found, words = self._by_blocks(text, None), self._short
        for word in words:
            found += _each(word, text)
        return _joined(found)

    def present(self, text: str) -> list[str]:
        """The words that the text holds."""
        if len(self._all) <= FEW:
            return [word for word in self._all if word in text]
        there = {text[begin:end] for begin, end in self._by_blocks(text, None)}
        groups = self._tables().groups
        found = {word for longest in there for word in groups[longest[:HEAD]].words if longest.startswith(word)}
        return sorted(found) + [word for word in self._short if word in text]

    def _tables(self) -> _Table:
        if self._table is None:
            self._table = _tabulate(self._all)
        return self._table

    def _by_blocks(self, text: str, mark: str | None) -> list[Span]:
        """The places of the words of :data:`HEAD` letters and more, and of their beginnings before a mark."""
        table, all_words = self._tables(), self._all
        blocks, groups = table.blocks, table.groups
        found: list[Span] = []
        met: dict[str, int] = {}
        busy: list[str] = []
        for at in [at for at in range(0, len(text), BLOCK) if text[at : at + BLOCK] in blocks]:
            for offset, letters in blocks[text[at : at + BLOCK]].items():
                begin = at - offset  # below zero for the first block perhaps; what is cut out then is too short for a head
                head = text[begin : begin + HEAD] if text[begin] in letters else ""
                if head not in groups:
                    continue
                words, lengths, alike = groups[head]
                end = begin
                if alike:
                    for length in lengths:
                        if text[begin : begin + length] in all_words:
                            end += length
                            break
                elif text.startswith(words, begin):
                    end += next(len(word) for word in words if text.startswith(word, begin))
                if mark is not None:
                    end = max(end, _last_mark(words, text, begin, mark))
                if end > begin:
                    found.append((begin, end))
                count = met[head] = met.get(head, 0) + 1
                if count == BUSY and sum(map(len, words)) <= BUSY_LETTERS:
                    busy.append(head)
                    groups = {key: value for key, value in groups.items() if key != head}
        for word in (word for head in busy for word in table.groups[head].words):
            found += _each(word, text)
            if mark is not None:
                found += _before_marks(word, text, mark)
        return found

    def _short_beginnings(self, text: str, mark: str, found: list[Span]) -> None:
        """Add to ``found`` the beginnings of fewer than :data:`HEAD` letters before a mark that none in it ends at."""
        beginnings, ends = self._tables().beginnings, self._tables().ends
        done = {end for _begin, end in found}
        stop = text.find(mark)
        while stop >= 0:
            if text[stop - 1 : stop] in ends and stop not in done:
                for length in range(min(HEAD - 1, stop), SHORTEST_BEGINNING - 1, -1):
                    if text[stop - length : stop] in beginnings:
                        found.append((stop - length, stop))
                        break
            stop = text.find(mark, stop + 1)


def _tabulate(words: t.Iterable[str]) -> _Table:
    heads: dict[str, list[str]] = {}
    beginnings: set[str] = set()
    for word in words:
        if len(word) >= HEAD:
            heads.setdefault(word[:HEAD], []).append(word)
        beginnings.update(word[:length] for length in range(SHORTEST_BEGINNING, min(len(word), HEAD)))
    groups: dict[str, _Group] = {}
    blocks: dict[str, dict[int, str]] = {}
    for head, several in heads.items():
        lengths = tuple(sorted({len(word) for word in several}, reverse=True))
        groups[head] = _Group(tuple(sorted(several, key=len, reverse=True)), lengths, len(several) > 2 * len(lengths))
        for offset in range(BLOCK):
            letters = blocks.setdefault(head[offset : offset + BLOCK], {})
            letters[offset] = letters.get(offset, "").replace(head[0], "") + head[0]
    return _Table(groups, blocks, beginnings, {beginning[-1] for beginning in beginnings})


def _before_marks(word: str, text: str, mark: str) -> list[Span]:
    """The beginnings of one word, of :data:`HEAD` letters and more, before a mark."""
    head, longest = word[:HEAD], len(word) - 1
    found = []
    stop = text.find(mark)
    while stop >= 0:
        begin = text.find(head, stop - longest if stop > longest else 0, stop)
        while begin >= 0:
            if word.startswith(text[begin:stop]):
                found.append((begin, stop))
                break
            begin = text.find(head, begin + 1, stop)
        stop = text.find(mark, stop + 1)
    return found


def _last_mark(words: tuple[str, ...], text: str, begin: int, mark: str) -> int:
    """Where the last mark stands before which there is nothing but the beginning of a word, from ``begin``; 0 for none."""
    last = 0
    limit = begin + len(words[0]) - 1 + len(mark)
    stop = text.find(mark, begin + HEAD, limit)
    while stop >= 0:
        beginning = text[begin:stop]
        for word in words:
            if word.startswith(beginning):
                last = stop
                break
        else:
            break
        stop = text.find(mark, stop + 1, limit)
    return last


def _each(word: str, text: str) -> list[Span]:
    """The places of one word; those that follow each other as one."""
    found = []
    size = len(word)
    begin = text.find(word)
    while begin >= 0:
        end = begin + size
        while text.startswith(word, end):
            end += size
        found.append((begin, end))
        begin = text.find(word, end - size + 1)
    return found


def _joined(spans: list[Span]) -> list[Span]:
    """The same places in order; those that overlap as one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin < joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return joined
