"""Who may ask the server: right host, right origin, right token, a request of sensible size."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Most bytes of a request's body: a plan of some thousand sites takes less.
MOST_BYTES = 4_000_000

COOKIE = "quarterhour_token"

#: Names of this machine as a browser on it calls it.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the guard asks for.

    Attributes
    ----------
    hosts
        Host names (without port) that a request may name; empty allows all (bound elsewhere, where
        the token protects).
    token
        That every request must carry, as cookie or header; "" asks for none.
    """

    hosts: tuple[str, ...] = LOOPBACK
    token: str = ""


class Guard:
    """ASGI middleware that refuses what `Rules` do not allow and limits the size of bodies."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        await self.app(scope, _limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self.rules.hosts and name not in self.rules.hosts:
            return _refused(421, "host")
        if scope["method"] not in {"GET", "HEAD"} and not _same_origin(headers, host):
            return _refused(403, "origin")
        if _length(headers) > MOST_BYTES:
            return _refused(413, "too_large")
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Ask for the token: once in the address of the page, then in a cookie."""
        token = self.rules.token
        if not token or _same(_cookie(headers), token) or _same(_bearer(headers), token):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and _same(given, token):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return answer
        return _refused(401, "token")


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _cookie(headers: Headers) -> str:
    found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    return found.value if found else ""


def _bearer(headers: Headers) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ")


def _same_origin(headers: Headers, host: str) -> bool:
    """Whether a request that changes something comes from the page itself, and is JSON.

    Browsers name the origin of every such request; a form of another site cannot send JSON.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isdigit() else MOST_BYTES + 1


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"refused": why}, status)


def _limited(receive: Receive) -> Receive:
    """Cut off a body that grows beyond the limit, whatever its header said."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return sending
