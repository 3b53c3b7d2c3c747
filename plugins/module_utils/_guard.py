# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One control node never starts the same thing twice: a lock, and a record of what was about to be sent.

Two small files for each (server, kind of work), in a private directory of the user; kinds of work that are about the same things
share the lock, as one group. The server is known by what it tells
of itself (the appliance's uuid, the group's or project's id), never by how somebody typed its address. The ``flock`` of the
first keeps two runs from acting on the same reading; the kernel frees it with the process, also after ``kill -9``. The
second is the record: its first line counts how often it was written, each other line tells which requests are about to be
sent (written and synced before the first of them), or what became of one. It is written whole, under another name, at the
begin and at the end of a run's requests, so that it holds what is open and nothing else, over years.

Not covered, and said so in docs/reliability.md: a second control node, another user, and a person at the vendor's console.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import stat
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder

SCHEMA = 2
LOCK_POLL = 0.1
DOUBT_LIFETIME = 86400.0  # seconds after which nobody wonders any more what became of a request
MAX_RECORD = 64 * 1024 * 1024
# What is known of a request: nobody was told what became of it, or the user was told that it is not known.
OPEN, TOLD = "open", "told"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request whose end is not known. wall, monotonic, boot: when it was recorded. settled: a later run has waited until
    it could not be on its way any more. teller: the task that told the user. job: the id of the one that it has started, an empty text
    where that is not told, None where it is not known that it has started anything."""

    state: str
    wall: float
    monotonic: float
    boot: str
    settled: bool = False
    teller: str = ""
    job: str | None = None

    @classmethod
    def load(cls, value: t.Mapping[str, t.Any]) -> Entry:
        """From a line of the record. Raises what a line of another shape raises."""
        when = float(value["wall"]), float(value["monotonic"]), str(value["boot"])
        job = value.get("job")
        return cls(str(value["state"]), *when, value["settled"] is True, str(value.get("teller", "")), None if job is None else str(job))

    def elapsed(self, clock: Clock) -> float:
        """Seconds since it was recorded. The wall clock may be set meanwhile, so it counts over a restart of the machine only."""
        if self.boot == _boot_id():
            return clock.monotonic() - self.monotonic
        return clock.wall() - self.wall

    def dated(self, clock: Clock) -> Entry:
        """The same; as of now where the wall clock that would tell its age has been set back since: it is young as far as anybody knows."""
        if self.boot == _boot_id() or clock.wall() >= self.wall:
            return self
        return dataclasses.replace(self, wall=clock.wall(), monotonic=clock.monotonic(), boot=_boot_id())


class Guard:
    """Hold from before the reading that is acted on until the outcome of every request is known.

    directory: private (0700), made if need be. system, kind: of the work. group: of the kinds that share the lock; empty for a kind of
    its own. settle: seconds after which a request that was
    on its way has arrived or never will. required: fail when the lock cannot be had; otherwise go on without one and say so
    in ``note``. wait: seconds to wait for another run. teller: names the task of this very run of Ansible; what it has told itself is
    asked again, since an attempt that follows by itself (``until``) has no user who has looked meanwhile.
    """

    def __init__(
        self, directory: str, system: str, kind: str, clock: Clock, *, settle: float, required: bool = True, wait: float = 600.0,
        teller: str = "", group: str = "",
    ) -> None:  # fmt: skip
        self._directory = os.path.expanduser(directory)
        self._group = f"{system}-{group or kind}-"
        self._prefix = f"{self._group}{kind}-" if group else self._group
        self._teller = teller
        self._digest = ""
        self._clock, self._settle, self._required, self._wait = clock, settle, required, wait
        self._lock: int | None = None
        self._log: int | None = None
        self._generation = 0
        self._entries: dict[str, Entry] = {}
        self._surveyed: dict[str, int] = {}
        self._reserved: dict[str, int] = {}  # thing -> the file that is locked for it
        self._dirty = False  # what is open is not what the record says
        self.waited = 0.0  # seconds that another run held the lock
        self.note: str | None = None

    # -- before the server has told who it is ----------------------------------------------------------------------

    def quiet(self) -> bool:
        """No request of this kind of work is recorded as open on this node, for any server. What is read from now on can
        then be acted on later, as long as :attr:`undisturbed` holds."""
        self._surveyed = {}
        try:
            for name in self._records():
                generation, entries = self._parse(name)
                if entries and name.startswith(self._prefix):
                    return False
                self._surveyed[name] = generation
        except (OSError, Failure):
            return False  # whatever it is, it is looked at with the lock in hand
        return True

    def _records(self) -> list[str]:
        """The names of the records of the group, of any server."""
        try:
            return [name for name in os.listdir(self._directory) if name.startswith(self._group) and name.endswith(".record")]
        except FileNotFoundError:
            return []

    def identify(self, *identity: str) -> None:
        """The server is the one with this identity."""
        self._digest = hashlib.sha256("\0".join(identity).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def identified(self) -> bool:
        """:meth:`identify` was called."""
        return bool(self._digest)

    @property
    def undisturbed(self) -> bool:
        """With the lock in hand: nobody of the group has recorded anything for this server since :meth:`quiet`, and nothing had to be
        waited for, so what was read since then holds."""
        if self._lock is None or self._entries:
            return False
        try:
            names = [name for name in self._records() if name.endswith(f"-{self._digest}.record")]
            return all(self._parse(name)[0] == self._surveyed.get(name, 0) for name in names)
        except (OSError, Failure):
            return False

    # -- the lock ----------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Of the lock, without its ending."""
        return os.path.join(self._directory, self._group + self._digest)

    @property
    def unfinished(self) -> set[str]:
        """What an earlier run was about to send when it was killed: nobody was told. Or an earlier attempt of this task has told it."""
        return {key for key, entry in self._entries.items() if self._is_open(entry)}

    def started(self, keys: t.Iterable[str]) -> list[str] | None:
        """The ids of the jobs that those of these requests have started that are :attr:`unfinished`; None where it is not known of one of
        them that it has started something."""
        found = [self._entries[key].job for key in sorted(set(keys) & self.unfinished)]
        return [job for job in found if job] if found and None not in found else None

    def accepted(self, key: str) -> Entry | None:
        """The request of an earlier run, if it is in the record and is known to have been accepted."""
        entry = self._entries.get(key)
        return entry if entry is not None and entry.job is not None else None

    def told_by_this_task(self, keys: t.Iterable[str]) -> bool:
        """All of these requests that are :attr:`unfinished` were told of by an earlier attempt of this task."""
        found = [self._entries[key] for key in set(keys) & self.unfinished]
        return bool(found) and self._teller != "" and all(entry.teller == self._teller for entry in found)

    def __enter__(self) -> Guard:
        try:
            self._lock = self._open()
        except OSError as exc:
            self._without(f"{type(exc).__name__}: {exc.strerror}")
            return self
        try:
            self._acquire()
            self._generation, self._entries = self._read()
            self._recover()
        except BaseException:
            self._give_back()
            raise
        return self

    def __exit__(self, *exc: t.Any) -> None:
        self._close()

    @contextlib.contextmanager
    def released(self) -> t.Iterator[None]:
        """Give the lock back for as long as something is waited for, and take it again. What was read before is old by then."""
        held = self._lock is not None
        if held:
            self._close()
        yield
        if held:
            self.__enter__()

    # -- things that are kept between two times with the lock ---------------------------------------------------------

    def reserve(self, things: t.Iterable[str]) -> None:
        """Keep these things, and give back all others that were kept. A thing can only be added with the lock in hand. It is a courtesy:
        what cannot be kept is not."""
        wanted = set(things)
        for thing in self._reserved.keys() - wanted:
            path, fd = self._place(thing), self._reserved.pop(thing)
            with contextlib.suppress(OSError):
                os.unlink(path)
            os.close(fd)
        for thing in wanted - self._reserved.keys() if self._lock is not None else ():
            with contextlib.suppress(OSError):
                fd = os.open(self._place(thing), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(fd)
                else:
                    self._reserved[thing] = fd

    def reserved(self, thing: str) -> bool:
        """Another run of this machine keeps it."""
        if thing in self._reserved:
            return False
        try:
            fd = os.open(self._place(thing), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            return isinstance(exc, BlockingIOError)
        finally:
            os.close(fd)
        return False

    def _place(self, thing: str) -> str:
        return f"{self.path}-{hashlib.sha256(thing.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.reserved"

    def peek(self) -> None:
        """Read the record without the lock, for check mode: :attr:`unfinished` is then what a real run would find."""
        self._generation, self._entries = self._read()

    # -- the record --------------------------------------------------------------------------------------------------

    def intend(self, keys: t.Iterable[str]) -> None:
        """Record, before anything is sent, that these requests are about to be sent. Raises ``lock_unavailable``."""
        now = self._now(OPEN)
        self._entries.update(dict.fromkeys(keys, now))
        self._write()

    def resolve(self, key: str, outcome: str) -> None:
        """Record what became of one request.

        Never raises: the request is out, and its outcome is what has to be told. What could not be written looks to the next
        run like the work of a killed one, so it waits and reads. An unknown outcome stays open until the user was told.
        """
        if outcome == UNKNOWN or self._log is None:
            return
        self._entries.pop(key, None)
        self._dirty = True
        self._add_line({"done": key})

    def keep(self, key: str, job: str | None) -> None:
        """Record that a request has started something, this job if told, and leave it open until the end of that was seen. Never raises,
        as :meth:`resolve`."""
        if self._log is not None and key in self._entries:
            self._entries[key] = dataclasses.replace(self._entries[key], job=job or "")
            self._add_line({"started": key, "job": job or ""})

    def settled_by_reading(self, keys: t.Iterable[str]) -> None:
        """A reading has shown what became of these requests of an earlier run."""
        for key in set(keys) & self._entries.keys():
            del self._entries[key]
            self._dirty = True

    def tell(self, keys: t.Iterable[str]) -> None:
        """The user was told, by name, that it is not known what became of these requests; that is done once. Called when the message
        is out and the lock given back: whoever is killed before that has told nobody. Without the lock the user is told once more,
        which does no harm."""

        def told() -> None:
            for key in set(keys) & self._entries.keys():
                self._entries[key] = dataclasses.replace(self._entries[key], state=TOLD, teller=self._teller)
                self._dirty = True

        self._amend(told)

    def settle(self, keys: t.Iterable[str]) -> None:
        """The end of these requests was seen, after the lock was given back. What cannot be written is asked about once more."""
        self._amend(lambda: self.settled_by_reading(keys))

    def _amend(self, change: t.Callable[[], None]) -> None:
        """Change the record once the lock was given back. Never raises a failure."""
        self._wait = min(self._wait, 5.0)
        with contextlib.suppress(Failure, OSError):
            self._lock = self._open()
            try:
                self._acquire()
                self._generation, self._entries = self._read()
                change()
            finally:
                self._close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _add_line(self, value: t.Mapping[str, str]) -> None:
        with contextlib.suppress(OSError):
            os.write(t.cast(int, self._log), f"\n{json.dumps(value)}".encode())

    @property
    def _record(self) -> str:
        return f"{self._prefix}{self._digest}.record"

    def _is_open(self, entry: Entry) -> bool:
        return entry.state == OPEN or (self._teller != "" and entry.teller == self._teller)

    def _now(self, state: str) -> Entry:
        return Entry(state, self._clock.wall(), self._clock.monotonic(), _boot_id())

    def _open(self) -> int:
        if self._directory.startswith("~"):
            raise self._unavailable("this user has no home directory")
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        folder = os.stat(self._directory)
        if folder.st_uid != os.geteuid() or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise self._unsafe("the directory of the record belongs to somebody else or others may write to it")
        path = self.path + ".lock"
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            if os.path.islink(path):
                raise self._unsafe("the lock is a symbolic link") from None
            raise exc
        try:
            self._check_private(fd, "lock")
        except Failure:
            os.close(fd)
            raise
        return fd

    def _check_private(self, fd: int, what: str) -> None:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise self._unsafe(f"the {what} is not a private file of this user")

    def _acquire(self) -> None:
        deadline = Deadline(self._clock, self._wait)
        began = self._clock.monotonic()
        while True:
            try:
                fcntl.flock(t.cast(int, self._lock), fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.waited = self._clock.monotonic() - began
                return
            except BlockingIOError:
                if deadline.passed():
                    raise self._unavailable("another run on this machine holds it", "Wait for the other run, or set") from None
                self._clock.sleep(LOCK_POLL)
            except OSError as exc:
                self._without(f"the file system has no locks ({exc.strerror})")
                return

    def _without(self, why: str) -> None:
        """Go on without a lock, or do not."""
        if self._required:
            raise self._unavailable(why) from None
        self.note = f"There is no lock ({why}); another run on this machine could start the same work."

    def _recover(self) -> None:
        """Wait until nothing that an earlier run has sent can be on its way any more.

        A killed run may have sent its last request long after it wrote its record, so the whole time is waited, once. A run
        that told its user has looked for the effect itself: only what is left of the time counts. A request that has started something
        has arrived.
        """
        waits = [
            self._settle if entry.state == OPEN else self._settle - entry.elapsed(self._clock)
            for entry in self._entries.values()
            if not entry.settled and entry.job is None
        ]
        if waits and max(waits) > 0:
            self._clock.sleep(max(waits))
        if waits:
            self._entries = {key: dataclasses.replace(entry, settled=True) for key, entry in self._entries.items() if self._is_open(entry)}
            with contextlib.suppress(Failure):
                self._write()

    def _read(self) -> tuple[int, dict[str, Entry]]:
        """(how often the record was written, what is open in it); (0, nothing) when there is none."""
        try:
            generation, told = self._parse(self._record)
        except FileNotFoundError:
            return 0, {}
        except OSError as exc:
            raise self._unsafe(f"the record cannot be read ({exc.strerror})") from None
        entries = {key: entry.dated(self._clock) for key, entry in told.items()}
        self._dirty = self._dirty or entries != told
        return generation, entries

    def _parse(self, name: str) -> tuple[int, dict[str, Entry]]:
        fd = os.open(os.path.join(self._directory, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._check_private(fd, "record")
            text = os.pread(fd, MAX_RECORD, 0).decode("utf-8", "replace")
        finally:
            os.close(fd)
        generation, entries = 0, dict[str, Entry]()
        for line in text.splitlines():
            try:
                value = json.loads(line)
                if "schema" in value:
                    if value["schema"] != SCHEMA:
                        raise self._unsafe("the record was written by another version of the collection")
                    generation = int(value["generation"])
                elif "keys" in value:
                    entries.update(dict.fromkeys(map(str, value["keys"]), Entry.load(value)))
                elif "started" in value:
                    entries[str(value["started"])] = dataclasses.replace(entries[str(value["started"])], job=str(value["job"]))
                elif "done" in value:
                    entries.pop(str(value["done"]), None)
            except (ValueError, TypeError, LookupError):
                continue  # cut off in the middle of a line that told an outcome: that request stays open
        return generation, {key: entry for key, entry in entries.items() if entry.elapsed(self._clock) < DOUBT_LIFETIME}

    def _write(self) -> None:
        """Write the record anew with what is open, synced to the disk. Raises ``lock_unavailable`` if there has to be a lock."""
        if self._lock is None:
            return
        self._generation += 1
        groups: dict[Entry, list[str]] = {}
        for key, entry in self._entries.items():
            groups.setdefault(entry, []).append(key)
        lines: list[dict[str, t.Any]] = [{"schema": SCHEMA, "generation": self._generation}]
        lines += [{"keys": keys, **dataclasses.asdict(entry)} for entry, keys in groups.items()]
        self._close_log()
        try:
            with Folder(self._directory) as folder, folder.temporary(self._record) as file:
                file.write("\n".join(map(json.dumps, lines)).encode())
                file.commit(self._record, 0o600)
                folder.sweep(self._clock.wall())
            self._log = os.open(os.path.join(self._directory, self._record), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            self._dirty = False
        except (OSError, Failure) as exc:
            if self._required:
                why = exc.strerror if isinstance(exc, OSError) else exc.why.rstrip(".")
                raise self._unavailable(f"the record cannot be written ({why})") from None
            self.note = "The record cannot be written; a later run does not know what this one was about to send."

    def _close(self) -> None:
        """Leave the record with what is open, and give the lock back."""
        if self._dirty:
            with contextlib.suppress(Failure):
                self._write()
        self._give_back()

    def _give_back(self) -> None:
        self._close_log()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _close_log(self) -> None:
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def _unavailable(self, why: str, first: str = "Set") -> Failure:
        hint = f"{first} state_dir to a local directory of this user, or lock to best_effort, and run again."
        return Failure("lock_unavailable", f"the lock {self.path} cannot be had: {why}.", hint)

    def _unsafe(self, why: str) -> Failure:
        return Failure("journal_unsafe", f"{why} ({self.path}).", "Look at it, remove it, and run again.")


@functools.cache
def _boot_id() -> str:
    """Changes when the machine starts anew, and with it the monotonic clock."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "none"
