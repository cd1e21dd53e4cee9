"""Readers by resource type: each asks AWS for a resource and gives it back in the words of a template."""

from functools import cached_property

_READERS = {}


def reader(*types):
    def register(function):
        _READERS.update(dict.fromkeys(types, function))
        return function

    return register


def has_reader(kind):
    return kind in _READERS


def read(kind, aws, physical_id, expected):
    """The properties of a resource as they are. `expected` serves to find what has no name of its own."""
    return _READERS[kind](aws, physical_id, expected)


class Region:
    """Clients of one emulator in one region."""

    def __init__(self, emulator, name):
        self.emulator = emulator
        self.name = name
        self._clients = {}

    def __getattr__(self, service):
        if service.startswith("__"):
            raise AttributeError(service)
        name = service.rstrip("_")
        if name not in self._clients:
            self._clients[name] = self.emulator.client(name, self.name)
        return self._clients[name]

    @cached_property
    def account(self):
        return self.sts.get_caller_identity()["Account"]

    @cached_property
    def zones(self):
        return [zone["ZoneName"] for zone in self.ec2.describe_availability_zones()["AvailabilityZones"]]


def chosen(source, *names, **renamed):
    """Some of the entries of an answer, those in `renamed` under the template's name."""
    result = {name: source[name] for name in names if name in source}
    result.update({name: source[other] for name, other in renamed.items() if other in source})
    return result


def one(items, what):
    assert len(items) == 1, f"{what}: {len(items)} of them"
    return items[0]
