"""One process of the provider for many Terraforms: it is there while the command runs, and gone afterwards."""

import os
import sys
from contextlib import suppress

import pytest

from terraform import one_provider


@pytest.fixture
def provider(tmp_path):
    """A program that announces itself as the provider does, and waits; or ends with a message, if it has one."""

    def written(message=None):
        path = tmp_path / "terraform-provider-aws"
        body = f"echo '{message}'" if message else "echo \"\tTF_REATTACH_PROVIDERS='{$$}'\"; exec sleep 60"
        path.write_text(f"#!/bin/sh\necho 'Starting the provider...'\n{body}\n")
        path.chmod(0o755)
        return path

    return written


def test_a_command_finds_the_provider_which_ends_with_it(provider, monkeypatch):
    monkeypatch.setattr(one_provider, "installed_provider", lambda _: provider())
    check = "import os, sys; os.kill(int(os.environ['TF_REATTACH_PROVIDERS'].strip('{}')), 0); sys.exit(3)"

    assert one_provider.main([sys.executable, "-c", check]) == 3


def test_the_provider_is_gone_after_the_command_and_after_an_error(provider):
    with suppress(KeyboardInterrupt), one_provider.served(provider()) as environment:
        number = int(environment[one_provider.VARIABLE].strip("{}"))
        raise KeyboardInterrupt

    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_provider_that_ends_at_once_is_told_with_what_it_printed(provider, monkeypatch, capsys):
    monkeypatch.setattr(one_provider, "installed_provider", lambda _: provider("no room for a socket"))

    assert one_provider.main(["false"]) == 1
    assert "ended before it listened: Starting the provider... no room for a socket" in capsys.readouterr().err
