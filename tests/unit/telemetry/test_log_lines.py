from __future__ import annotations

import io
import logging
import warnings

import orjson
import pytest

from penstock.policy.secrets import redact_quoted as redact
from penstock.telemetry.library_logs import adopt
from penstock.telemetry.service import Telemetry, open_telemetry
from penstock.telemetry.trace import current_trace, open_trace

TOKEN = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 4 + "-----END PRIVATE KEY-----"


@pytest.fixture
def stream() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def telemetry(stream: io.BytesIO) -> Telemetry:
    return open_telemetry(redact=redact, version="0", stream=stream)


def lines(stream: io.BytesIO) -> list[dict]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def pythons_own_logging():
    """Put Python's own logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, _ = handlers, root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_secret_in_any_field_is_masked(telemetry: Telemetry, stream: io.BytesIO):
    aws = "AKIA" + "Q4YXTZ7KD2MNRW3B"
    telemetry.log("x.happened", text=f"id {aws}", many=[aws, {"deep": aws}], **{aws: "as a name"}, pem=KEY)
    telemetry.log("x.happened", text=f"the password is wrong for {TOKEN}")
    assert TOKEN not in stream.getvalue().decode()  # although its check does not fit
    assert "the password is wrong for" in stream.getvalue().decode()
    assert aws not in stream.getvalue().decode()
    assert "MIIEvQIBADAN" not in stream.getvalue().decode()
    assert "«redacted:" in stream.getvalue().decode()


def test_a_line_stays_one_line_and_steers_no_terminal(telemetry: Telemetry, stream: io.BytesIO):
    telemetry.log("x.happened", text='one\ntwo\r\n{"event": "forged"}\x1b[31m\u202e')
    (line,) = lines(stream)
    assert line["event"] == "x.happened"
    assert "\n" not in line["text"]
    assert "\x1b" not in line["text"]
    assert "\u202e" not in line["text"]


def test_a_field_is_cut_before_it_fills_the_log(telemetry: Telemetry, stream: io.BytesIO):
    telemetry.log("x.happened", text="long " * 100_000)
    assert len(stream.getvalue()) < 3_000
    assert "500000 characters" in lines(stream)[0]["text"]


def test_lines_of_a_request_carry_its_trace_id(telemetry: Telemetry, stream: io.BytesIO):
    trace = open_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    token = current_trace.set(trace)
    telemetry.log("x.happened")
    current_trace.reset(token)
    telemetry.log("x.happened")
    assert [line.get("trace_id") for line in lines(stream)] == ["4bf92f3577b34da6a3ce929d0e0e4736", None]


@pytest.mark.usefixtures("pythons_own_logging")
def test_what_libraries_say_becomes_a_clean_line_of_ours(telemetry: Telemetry, stream: io.BytesIO):
    adopt(telemetry)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received: %s", "postgresql://u:Hx8kPq2vLm@db/x")
    logging.getLogger("chatty").info("nobody needs to know")
    try:
        int("broken")
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    logging.getLogger("odd").warning("%d", "not a number")
    said = lines(stream)
    assert [line["logger"] for line in said] == ["uvicorn.error", "asyncio", "py.warnings", "odd"]
    assert {line["event"] for line in said} == {"library.logged"}
    assert "Hx8kPq2vLm" not in stream.getvalue().decode()
    assert said[1]["exception"][-1].startswith("ValueError: invalid literal")
    assert said[3]["text"] == "%d"


@pytest.mark.parametrize(("level", "shown"), [("debug", 3), ("info", 2), ("error", 1)])
def test_the_level_decides_what_is_written(stream: io.BytesIO, level: str, shown: int):
    telemetry = open_telemetry(redact=str, version="0", log_level=level, stream=stream)
    for each in ("debug", "info", "error"):
        telemetry.log("x.happened", level=each)
    assert len(lines(stream)) == shown


class _FullDisk(io.BytesIO):
    full = True

    def write(self, line) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(line)


def test_a_stream_that_fails_costs_the_line_and_nothing_else():
    stream = _FullDisk()
    telemetry = open_telemetry(redact=redact, version="0", stream=stream)
    telemetry.log("x.lost")
    stream.full = False
    telemetry.log("x.kept")
    assert [line["event"] for line in lines(stream)] == ["x.kept"]
    stream.close()
    telemetry.log("x.lost")
