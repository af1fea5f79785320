"""The command in a network of a company: by its options, or by Coder's own variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatworkspace_cli._online import doctor
from chatworkspace_cli._online.network import Network, network_of
from chatworkspace_cli._parser import parser
from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import CHAT
from tests.adapters.coder.certificates import Certificates
from tests.adapters.middleboxes import PASSWORD, QUOTED, Company, company

SECRET = "hush-hush"  # noqa: S105 # of a header of the tests' own


@pytest.fixture
def inside(simulator: CoderSimulator, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> Iterator[Company]:
    """Put all of it in front of the simulator, and name it by its URL. Nothing else of the network is named yet."""
    assert shell
    with company(int(simulator.url.rpartition(":")[2]), certificates) as it:
        monkeypatch.setenv("CODER_URL", it.url)
        yield it


def test_by_options(inside: Company, shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command that asks the server has them: creation, watch, terminal and examination."""
    monkeypatch.setattr(doctor, "CLOCKS_APART", 3600.0)  # a faster clock runs away
    coder.add_template("docker", build=2, connect=1)
    way = (
        *("--proxy", inside.proxy_url, "--ca-file", inside.ca_file, "--client-cert", inside.client_cert, "--client-key", inside.client_key),
        *("--header", f"X-Team={SECRET}"),
    )
    for words, code in (
        (("create", *CHAT, "--template", "docker"), 0),
        (("follow", *CHAT), 0),
        (("exec", *CHAT, *way, "--", "echo", "hi"), 0),
        (("doctor", "--json"), 0),
    ):
        done = shell(*words, *(() if words[0] == "exec" else way))
        assert done.code == code, done
        assert not [it for it in (SECRET, PASSWORD, QUOTED) if it in done.out + done.err]
    assert done.told["watching"]["by"] == "websocket"
    assert {it["target"] for it in inside.proxy.asked} == {"coder.company.example:443"}


def test_by_the_environment(inside: Company, shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coder's own variables for what it has, and one of ours that says where the proxy comes from."""
    coder.add_template("docker")
    monkeypatch.setenv("CODER_CLIENT_TLS_CA_FILE", inside.ca_file)
    monkeypatch.setenv("CODER_CLIENT_TLS_CERT_FILE", inside.client_cert)
    monkeypatch.setenv("CODER_CLIENT_TLS_KEY_FILE", inside.client_key)
    monkeypatch.setenv("CODER_HEADER", f"X-Team={SECRET}")
    monkeypatch.setenv("https_proxy", inside.proxy_url)
    monkeypatch.setenv("no_proxy", "")
    refused = shell("templates")
    assert "the name of the host is not known" in refused.err + shell("doctor").out  # no proxy is used unless it is asked for
    monkeypatch.setenv("CHATWORKSPACE_PROXY", "environment")
    done = shell("templates")
    assert (done.code, done.out.partition(" ")[0]) == (0, "docker")


def test_a_proxy_that_wants_a_password(inside: Company, shell: Shell) -> None:
    """It is named without the one that it does not take."""
    done = shell("templates", "--proxy", inside.proxy_url.replace(QUOTED, "wrong-one"))
    assert (done.code, "wrong-one" in done.err) == (3, False)
    assert f"http://127.0.0.1:{inside.proxy.port}: the proxy wants a name and a password" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--client-cert", "none.pem"), "--client-cert or CODER_CLIENT_TLS_CERT_FILE: expected a PEM file with a certificate"),
        (("--client-key", "none.pem"), "--client-cert or CODER_CLIENT_TLS_CERT_FILE: expected a file with the certificate of the key"),
        (("--proxy", "socks5://ana:hush@127.0.0.1:1"), "--proxy or CHATWORKSPACE_PROXY: expected the URL of an HTTP proxy"),
        (("--header", "hush"), "--header or CODER_HEADER: expected NAME=VALUE"),
        (("--header", "Coder-Session-Token=hush"), "--header or CODER_HEADER: expected others than"),
    ],
)
def test_a_setting_of_the_network_that_is_wrong(
    words: tuple[str, ...], told: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a usage error, and what was given is not shown."""
    monkeypatch.chdir(tmp_path)
    done = shell("templates", *words)
    assert done.code == 2
    assert told in done.err
    assert "hush" not in done.err


def test_options_count_for_more() -> None:
    """Than the environment; headers are put together, by name. The variable's are listed as Coder lists them."""
    environment = {"CODER_HEADER": 'a=1,"b=2,3",c=x=y', "CODER_CLIENT_TLS_CA_FILE": "theirs.pem", "CHATWORKSPACE_PROXY": "environment"}
    options = parser().parse_args(["templates", "--header", "a=4", "--ca-file", "ours.pem"])
    assert network_of(options, environment) == Network(ca_file="ours.pem", proxy="environment", headers={"a": "4", "b": "2,3", "c": "x=y"})
    assert network_of(parser().parse_args(["list"]), {}) == Network()
    assert "hush" not in repr(Network(proxy="http://ana:hush@x", headers={"a": "hush"}))


def test_an_organization_of_the_environment(shell: Shell, coder: FakeCoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Coder's own name; a chat that has one keeps it."""
    coder.add_template("docker")
    assert shell("create", *CHAT, "--template", "docker").code == 0
    monkeypatch.setenv("CODER_ORGANIZATION", "nobodys")
    assert "one of: default" in shell("templates").err
    assert shell("create", *CHAT, "--template", "docker").code == 0
    monkeypatch.setenv("CODER_ORGANIZATION", "default")
    assert shell("templates").code == 0
