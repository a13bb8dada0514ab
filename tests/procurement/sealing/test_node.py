"""What a browser seals opens here, and the reverse: the recipe runs in Node.js."""

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.core.migrations import ROOT
from api.procurement.sealing import attachments, canonical, envelopes
from api.procurement.sealing.envelopes import Sealed
from api.procurement.sealing.problems import SealedBidInvalid
from tests.procurement import bidding
from tests.procurement.sealing.samples import CONTEXT, IDENTITY, KEY, contents, sealed, values

HERE = Path(__file__).parent
PACKAGES = ROOT / "openapi" / "node_modules" / "age-encryption"
SHOWN = CONTEXT.model_dump(mode="json")
type Ask = Callable[..., Any]
EDGES: list[Any] = [
    0,
    -0.0,
    1.0,
    1e20,
    1e21,
    1e-6,
    1e-7,
    5e-324,
    1.7976931348623157e308,
    2**53 - 1,
    1 - 2**53,
    float(2**53),
    float(2**63),
    0.1 + 0.2,
    4.35,
    123456789012345680000.0,
    '\u0000\b\t\n\f\r"\\/\u007f\u2028\u2029',
    "é e\u0301 ﬁ \U0001f69b үңө 自卸车",
    {"\ufb33": 1, "\U0001f600": 2, "\r": 3, "1": 4, "10": 5, "2": 6, "": 7, "ö": 8, "\u0080": 9},
    {"__proto__": 1, "constructor": 2, "toJSON": 3, "length": 4},
    [[], {}, [{}], None, True, False],
]


@pytest.fixture(scope="module")
def node() -> str:
    """The program `node`, with the recipe's packages installed; CI must have both."""
    program = shutil.which("node")
    reason = None
    if program is None:
        reason = "Node.js is not installed"
    elif not PACKAGES.is_dir():
        reason = "the packages of openapi/package.json are not installed: npm ci in openapi/"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason or program is None:
        pytest.skip(str(reason))
    return program


@pytest.fixture(scope="module")
def ask(node: str) -> Iterator[Ask]:
    """Ask the recipe, in one process for all questions."""
    command = [node, "--no-warnings", str(HERE / "peer.mjs")]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        into, out = peer.stdin, peer.stdout

        def asked(**request: Any) -> Any:
            into.write(json.dumps(request).encode() + b"\n")
            into.flush()
            return canonical.loads(out.readline())

        yield asked
        into.close()


def test_the_vectors_are_computed_again_in_node(node: str) -> None:
    done = subprocess.run(
        [node, "--no-warnings", "--test", str(HERE / "vectors.test.mjs")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "# pass 18" in done.stdout


def assert_same_text(ask: Ask, value: Any) -> None:
    text = base64.b64decode(ask(do="canonical", text=json.dumps(value)))

    assert text == canonical.dumps(value)
    assert canonical.loads(text) == value


@pytest.mark.parametrize("value", EDGES, ids=range(len(EDGES)))
def test_the_canonical_text_of_edge_cases_is_the_same(ask: Ask, value: Any) -> None:
    assert_same_text(ask, value)


@given(values)
@settings(max_examples=500, deadline=None)
def test_the_canonical_text_of_any_json_is_the_same(ask: Ask, value: Any) -> None:
    assert_same_text(ask, value)


@given(contents)
@settings(deadline=None)
def test_what_node_seals_opens_here(ask: Ask, content: dict[str, Any]) -> None:
    answer = ask(do="seal", content=content, context=SHOWN, recipient=KEY.recipient)

    there = Sealed.read(canonical.dumps(answer["sealed"]), refused=SealedBidInvalid)
    envelope = envelopes.open_envelope(
        IDENTITY, there.ciphertext_bytes(), there.commitment, CONTEXT
    )
    assert envelope.content == content
    assert envelope.canonical() == base64.b64decode(answer["document"])


@given(contents)
@settings(deadline=None)
def test_what_is_sealed_here_opens_in_node(ask: Ask, content: dict[str, Any]) -> None:
    closed = sealed(content)

    answer = ask(
        do="open",
        identity=IDENTITY.reveal(),
        sealed=closed.sealed.model_dump(mode="json"),
        context=SHOWN,
    )

    assert canonical.dumps(answer) == closed.document


@given(st.binary(min_size=1, max_size=9_000))
@settings(deadline=None, max_examples=20)
def test_documents_sealed_in_node_open_here_and_the_other_way_round(ask: Ask, data: bytes) -> None:
    told = base64.b64encode(data).decode()
    there = ask(do="seal_document", bytes=told, id="1", name="a.pdf")
    ciphertext, entry, out = base64.b64decode(there["ciphertext"]), there["entry"], io.BytesIO()
    key, sha256 = entry["sealed"]["key"], entry["sha256"]
    size = attachments.open_document(io.BytesIO(ciphertext), out, key, sha256)
    assert (size, out.getvalue()) == (len(data), data)

    sealed = io.BytesIO()
    here = attachments.seal(io.BytesIO(data), sealed)
    named = {"sha256": here.sha256, "sealed": {"id": "1", "key": here.key, "name": "a.pdf"}}
    back = base64.b64encode(sealed.getvalue()).decode()
    assert ask(do="open_document", ciphertext=back, entry=named) == told


def test_the_server_takes_what_a_browser_sealed_and_opens_it(
    ask: Ask, as_org: Callable[..., Any]
) -> None:
    supplier = as_org(["supplier"])
    made = bidding.published(as_org, as_org(["buyer"]))
    context = {
        "tender": made.tender["ocid"],
        "tenderer": f"organisation_{supplier.org_id.hex}",
        "lot": None,
        "envelope": "price",
        "id": "of-a-browser",
        "version": 1,
    }
    told = ask(
        do="seal",
        content=bidding.content(made.tender, "9123.45"),
        context=context,
        recipient=made.keys[bidding.PRICE].recipient,
    )
    envelope = {"kind": "price", "id": "of-a-browser", "version": 1, "sealed": told["sealed"]}

    answer = supplier.post(f"/v1/tenders/{made.id}/bids", json={"envelopes": [envelope]})

    assert answer.status_code == 201, answer.text
    [bid] = bidding.finished(made, [answer.json()]).bids
    assert bid["contents"]["lots"][0]["items"][0]["unit_price_amount"] == "9123.45"
    assert bid["contents"]["envelopes"][0]["document"] == told["document"]
