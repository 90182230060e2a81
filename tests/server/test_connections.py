"""What goes over one connection, and in how many pieces."""

import h11
import pytest

from frontdesk.server.connections import _Connection

HEAD = b"HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"
RESPONSE = h11.Response(
    status_code=200, headers=[("Content-Type", "application/json"), ("Content-Length", "4")]
)


@pytest.fixture
def asked() -> _Connection:
    """A connection on which one request has come."""
    connection = _Connection()
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
    assert isinstance(connection.next_event(), h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    return connection


def test_an_answers_head_leaves_with_its_body(asked: _Connection) -> None:
    assert asked.send(RESPONSE) == b""
    assert asked.send(h11.Data(data=b"null")) == HEAD + b"null"
    assert asked.send(h11.EndOfMessage()) == b""


def test_an_answers_head_leaves_once(asked: _Connection) -> None:
    asked.send(RESPONSE)
    pieces = [asked.send(h11.Data(data=part)) for part in (b"nu", b"ll")]
    assert pieces == [HEAD + b"nu", b"ll"]
    asked.send(h11.EndOfMessage())
    asked.start_next_cycle()
    asked.receive_data(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
    asked.next_event()
    assert asked.send(RESPONSE) == b""
    assert asked.send(h11.Data(data=b"true")) == HEAD + b"true"


def test_an_answer_without_a_body_leaves_when_it_ends() -> None:
    connection = _Connection()
    connection.receive_data(b"HEAD / HTTP/1.1\r\nHost: desk\r\n\r\n")
    connection.next_event()
    connection.send(RESPONSE)
    assert connection.send(h11.EndOfMessage()) == HEAD


def test_the_end_of_a_connection_has_nothing_to_send(asked: _Connection) -> None:
    asked.send(h11.Response(status_code=200, headers=[("Connection", "close")]))
    asked.send(h11.Data(data=b"x"))
    asked.send(h11.EndOfMessage())
    assert asked.send(h11.ConnectionClosed()) is None
