"""Debian machines in folders, entered by systemd-nspawn."""

import os
import subprocess

import pytest


def make_debian(root, packages):
    """A Debian 12 that nobody has started yet, with these packages. Skips the test where this machine can't have one."""
    if os.geteuid() != 0:
        pytest.skip("only root can start machines")
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "bookworm", root], check=True,
                   timeout=600)
    probe = subprocess.run(
        ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory", root, "true"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if probe.returncode != 0:
        pytest.skip(f"systemd-nspawn can't start a machine here: {probe.stdout.decode(errors='replace').strip()}")


def remove(root):
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=True, timeout=600)
