"""A network and mounts of the tests' own: nothing in it leads anywhere else, and all of it goes with its last process."""

import ctypes
import os
import subprocess

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
# Of eu-central-1's servers in the templates.
BRIDGE, ROUTER, PREFIX = "cloud", "10.18.0.1", 16
# Where an instance finds what is told to it alone.
METADATA = "169.254.169.254"


def own_mounts(folder):
    """For the rest of this process, and for what it starts: `folder` is in memory."""
    _unshare(CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")
    mount_memory(folder)


def own_network():
    """For the rest of this process, and for what it starts: a network with a bridge for machines."""
    _unshare(CLONE_NEWNET)
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{ROUTER}/{PREFIX}", "dev", BRIDGE)
    run("ip", "address", "add", f"{METADATA}/32", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


def mount_memory(folder):
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)


def _unshare(kind):
    if ctypes.CDLL(None, use_errno=True).unshare(kind) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def add_address(address):
    """One more for the bridge: for an engine."""
    run("ip", "address", "add", f"{address}/{PREFIX}", "dev", BRIDGE)


def remove_address(address):
    run("ip", "address", "delete", f"{address}/{PREFIX}", "dev", BRIDGE)
