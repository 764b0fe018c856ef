"""An issuer of tokens (OpenID Connect) for tests: its discovery document, its key, and tokens that it signs."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "lake"
CLAIM = "groups"
KEY_ID = "test"


class Issuer:
    """A server on this machine that answers with its public key, until it is closed."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def documents(self) -> dict[str, Any]:
        """Return what the server answers, by path."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _integer(numbers.n),
            "e": _integer(numbers.e),
        }
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }

    def token(self, *groups: str, seconds: int = 300, **claims: Any) -> str:
        """Return a signed token of a person in groups that expires in some seconds; claims replace those it has."""
        now = int(time.time())
        own = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ada",
            "iat": now - 1,
            "exp": now + seconds,
            CLAIM: list(groups),
        }
        signed = f"{_json({'alg': 'RS256', 'typ': 'JWT', 'kid': KEY_ID})}.{_json(own | claims)}"
        return f"{signed}.{_text(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _answering(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.documents().get(self.path)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Answering


def _json(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _integer(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))
