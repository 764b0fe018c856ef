"""fakesnow's server, with the login that it lacks: it asks for a token that the user's key signed, as Snowflake does.

Run in the environment of requirements/fakesnow.lock: `python -P fakesnow_app.py PORT USER PUBLIC_KEY_FILE`.
"""

import base64
import gzip
import hashlib
import json
import sys
from pathlib import Path

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from fakesnow.server import app
from starlette.responses import JSONResponse

LOGIN = "/session/v1/login-request"
REFUSED = {
    "data": {"authnMethod": "JWT"},
    "code": "390144",
    "message": "JWT token is invalid. [00000000-0000-0000-0000-000000000000]",
    "success": False,
}


class Login:
    """Hands requests on, but logins whose token is not of the user and its key."""

    def __init__(self, user, key_file):
        self.user, self.key_file = user, Path(key_file)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != LOGIN:
            await app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        zipped = dict(scope["headers"]).get(b"content-encoding") == b"gzip"
        if not self.allows(json.loads(gzip.decompress(body) if zipped else body)["data"]):
            await JSONResponse(REFUSED)(scope, receive, send)
            return

        async def again():
            return {"type": "http.request", "body": body, "more_body": False}

        await app(scope, again, send)

    def allows(self, data):
        """Tell whether the token of a login names the user and the key, and was signed by it."""
        if data.get("AUTHENTICATOR") != "SNOWFLAKE_JWT":
            return False
        key = load_pem_public_key(self.key_file.read_bytes())  # at each login: tests change it
        head, payload, signature = data["TOKEN"].split(".")
        try:
            key.verify(_decoded(signature), f"{head}.{payload}".encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        fingerprint = base64.b64encode(hashlib.sha256(der).digest()).decode()
        claims = json.loads(_decoded(payload))
        _, user = claims["sub"].split(".")
        return user == self.user.upper() and claims["iss"] == f"{claims['sub']}.SHA256:{fingerprint}"


def _decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


if __name__ == "__main__":
    port, user, key_file = sys.argv[1:]
    uvicorn.run(Login(user, key_file), host="127.0.0.1", port=int(port), log_level="warning")
