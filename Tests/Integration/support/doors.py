"""Every door of a lab, as the kernel tells of them, each with its kind."""

from urllib.parse import urlsplit

from .processes import doors_of, namesakes, processes_of

# Of LabPorts.swift.
KINDS = {8080: "app", 5432: "postgres", 8008: "patroni", 2379: "etcd", 2380: "etcd", 6379: "redis", 26379: "sentinel",
         4566: "store", 5353: "dns"}
CLAIM = 61000


def doors(lab):
    """The protocol of each by (kind, address, port); a door of a kind that is not known fails the test."""
    status = lab.status()
    processes = lab._seen | namesakes(lab._seen) | processes_of(lab.folder) | {lab.supervisor}
    public, console = (urlsplit(status[key]).port for key in ("appURL", "consoleURL"))
    shift = lab.state["place"]["portShift"]
    known = {}
    for protocol, address, port, program in doors_of(processes):
        assert ":" not in address and address.startswith("127."), f"{program} listens on {address}, port {port}"
        kind = {public: "app", console: "console", CLAIM: "claim"}.get(port) or KINDS.get(port - shift)
        if program == "varnishd" and kind is None:
            kind = "varnish"
        assert kind, f"no test knows the port {port} of {program} on {address}: how is it protected?"
        known[kind, address, port] = protocol
    return known
