"""In which order the routes can be tried one after another, so that each finds what it needs.

A route needs the names in its path, the names that its example refers to, and a log-in. What gives a name is read from
the routes themselves: POST /shops gives `shop_id` when there is a path /shops/{shop_id}, and so does GET /shops where
nobody can make one. A field of an example whose name is given by somebody is filled with it. The rest, which cannot
be read off, is in the route's `trial`. Routes keep the order of their list, except that an API's DELETEs come last,
the last thing made first. A name that stands for nothing, not yet or no more, is given anew just before it is needed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from artel.edge.openapi import Operation
from artel.edge.route import ANYONE, API, Route

OWNER_TOKEN: Final = "owner_token"
TOKEN: Final = "session_token"  # of a new customer
OWNER: Final[Mapping[str, str]] = {"login": "{{owner_login}}", "password": "{{owner_password}}"}  # set by whoever runs
REFERENCE: Final = re.compile(r"\{\{([a-z_0-9]+)\}\}")
PARAMETER: Final = re.compile(r"\{(\w+)\}")

Standing = dict[str, frozenset[str]]  # the names that stand for something, and what it took to give them


class Stop(Struct, frozen=True):
    """One route, with what it is given and what it gives; names of an older API begin with its own name."""

    operation: Operation
    given: Mapping[str, Any]
    gives: Mapping[str, str]
    needs: frozenset[str]
    ends: frozenset[str]
    token: str | None  # the name of the log-in that it carries

    @property
    def route(self) -> Route:
        """The route that is tried."""
        return self.operation.route

    @property
    def name(self) -> str:
        """`GET /api/v1/me`."""
        return _key(self.route)


class Visit(Struct, frozen=True):
    """A stop when it is its turn, or because another one needs the name `gives`."""

    stop: Stop
    gives: str = ""


class Itinerary:
    """What the routes of all APIs need of each other."""

    def __init__(self, operations: Iterable[tuple[Operation, Mapping[str, str]]]) -> None:
        shown = list(operations)
        known = {API.name: _known([each for each in shown if each[0].route.manner is API])}
        for manner in dict.fromkeys(operation.route.manner.name for operation, _ in shown):
            known[manner] = _known([each for each in shown if each[0].route.manner.name == manner])
        self.stops = [_stop(operation, fields, known) for operation, fields in shown]
        opens = next((stop for stop in self.stops if stop.route.manner is API and TOKEN in stop.gives), None)
        self._begin = _as_owner(opens) if opens else None

    def visits(self, folders: Iterable[Sequence[Stop]]) -> Iterator[list[Visit]]:
        """The stops of each folder, each when its turn comes, with what they need of any others before them."""
        standing: Standing = {}
        for folder in folders:
            waiting, made = list(folder), list[Visit]()
            while waiting:
                stop = waiting[0]
                made += self._reach(stop, waiting, standing, ())
                made.append(_arrive(Visit(stop), waiting, standing))
            yield made

    def _reach(self, stop: Stop, waiting: list[Stop], standing: Standing, trail: tuple[str, ...]) -> Iterator[Visit]:
        """Whatever gives what the stop lacks."""
        for name in sorted(stop.needs):
            if name in standing:
                continue
            assert name not in trail, f"{stop.name} needs {name}, which needs {' which needs '.join(trail[::-1])}"
            giver = self._giver(name, stop)
            yield from self._reach(giver, waiting, standing, (*trail, name))
            if name not in standing:
                yield _arrive(Visit(giver, "" if giver in waiting else name), waiting, standing)
        lost = stop.needs - standing.keys()
        if lost:  # what was given for one need ended another
            assert not lost & set(trail), f"{stop.name}: {sorted(lost)} cannot stand together"
            yield from self._reach(stop, waiting, standing, (*trail, *lost))

    def _giver(self, name: str, asking: Stop) -> Stop:
        if name == OWNER_TOKEN and self._begin:
            return self._begin
        givers = [stop for stop in self.stops if name in stop.gives and stop != asking]
        assert givers, f"{asking.name} needs {name}: let some route's `trial` give it, or give it a value"
        return min(givers, key=lambda stop: stop.route.verb == "GET")  # who can make one, before who finds one


def _arrive(visit: Visit, waiting: list[Stop], standing: Standing) -> Visit:
    if visit.stop in waiting:
        waiting.remove(visit.stop)
    ended = set(visit.stop.ends | (visit.stop.gives.keys() & standing.keys()))
    while ended:
        for name in ended:
            standing.pop(name, None)
        ended = {name for name, needed in standing.items() if not needed.isdisjoint(ended)}
    standing.update(dict.fromkeys(visit.stop.gives, visit.stop.needs))
    return visit


def _known(shown: list[tuple[Operation, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """The names that an API's routes give, by route: `trial.gives`, and the ids that paths below it ask for."""
    below: dict[str, list[str]] = {}
    for operation, _ in shown:
        path = operation.route.path
        for found in PARAMETER.finditer(path):
            below.setdefault(path[: found.start() - 1], []).append(found[1])
    gives: dict[str, dict[str, str]] = {}
    made: set[str] = set()
    for operation, fields in sorted(shown, key=lambda each: each[0].route.verb == "GET"):  # who finds comes last
        route = operation.route
        wanted = set(below.get(route.path, ())) - made if route.verb in ("GET", "POST") else set()
        places = {name: fields.get(name, fields.get("id")) for name in sorted(wanted)}
        found_here = {name: place for name, place in places.items() if place} | dict(route.trial.gives)
        made |= found_here.keys()
        gives[_key(route)] = found_here
    return gives


def _key(route: Route) -> str:
    return f"{route.verb} {route.path}"


def _stop(
    operation: Operation, fields: Mapping[str, str], known: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Stop:
    route, trial = operation.route, operation.route.trial
    own = {name for gives in known[route.manner.name].values() for name in gives}
    ours = {name for gives in known[API.name].values() for name in gives}

    def named(name: str) -> str:
        """The name among all APIs: the route's own API's first."""
        return f"{route.manner.name}_{name}" if route.manner is not API and name in own else name

    gives = {named(name): where for name, where in known[route.manner.name][_key(route)].items()}
    parameters = PARAMETER.findall(route.path)
    given = {name: f"{{{{{name}}}}}" for name in parameters}
    if isinstance(route.example, Mapping):
        filled = {
            name: _filled(value, name, (own | ours) - trial.gives.keys()) for name, value in route.example.items()
        }
        given |= {name: value for name, value in filled.items() if value != route.example[name]}
    given = {name: _renamed(value, named) for name, value in (given | dict(trial.given)).items()}
    token = _token_of(route, named)
    needs = {found for value in given.values() for found in _references(value)} | {named(each) for each in trial.needs}
    ends = trial.ends or (tuple(parameters[-1:]) if route.verb == "DELETE" else ())
    return Stop(
        operation=operation,
        given=given,
        gives=gives,
        needs=frozenset(needs | ({token} if token else set())),
        ends=frozenset(map(named, ends)),
        token=token,
    )


def _token_of(route: Route, named: Any) -> str | None:
    if route.access == ANYONE and not route.trial.by:
        return None
    by = route.trial.by or ("owner" if isinstance(route.access, frozenset) else "customer")
    return OWNER_TOKEN if by == "owner" else named(TOKEN)


def _as_owner(opens: Stop) -> Stop:
    """The log-in of who runs all this."""
    return msgspec.structs.replace(
        opens,
        given=OWNER,
        gives={OWNER_TOKEN: opens.gives[TOKEN]},
        needs=frozenset(),
    )


def _filled(value: Any, name: str, names: set[str]) -> Any:
    """A part of an example, with what is given where the field is called like a name."""
    if isinstance(value, Mapping):
        return {key: _filled(each, key, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, name.removesuffix("s"), names) for each in value]
    return f"{{{{{name}}}}}" if name in names else value


def _renamed(value: Any, named: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _renamed(each, named) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, named) for each in value]
    return REFERENCE.sub(lambda found: f"{{{{{named(found[1])}}}}}", value) if isinstance(value, str) else value


def _references(value: Any) -> set[str]:
    return set(REFERENCE.findall(msgspec.json.encode(value).decode()))
