"""Requests to a catalogue: credentials go to its own hosts alone, and what fails for a while is tried again."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from mmrs.errors import ConfigError, DataError
from mmrs.weights.store import TIMEOUT

BUSY = (408, 425, 429, 500, 502, 503, 504)  # answers that may be another one soon
LONGEST_WAIT = 60.0
EARLY = 30.0  # seconds before its end in which a token is not used any more
Headers = dict[str, str]


@dataclass(frozen=True)
class Credentials:
    """What a catalogue asks for; empty texts are not sent.

    Attributes:
        token: Sent as it is.
        user: Name.
        password: Its password.
        token_url: Where name and password give tokens (OpenID Connect, password grant); '' sends both as they are.
        client: What the issuer of tokens calls this program.
    """

    token: str = ''
    user: str = ''
    password: str = ''
    token_url: str = ''
    client: str = 'cdse-public'

    @classmethod
    def from_environment(cls, token_url: str = '', client: str = 'cdse-public') -> Credentials:
        """Takes ``MMRS_STAC_TOKEN``, or ``MMRS_STAC_USER`` and ``MMRS_STAC_PASSWORD``.

        They are never given on a command line, where all users of a machine could read them.

        Args:
            token_url: See above.
            client: Likewise.

        Raises:
            ConfigError: If a part is lacking.
        """
        token, user, password = (os.environ.get(f'MMRS_STAC_{name}', '') for name in ('TOKEN', 'USER', 'PASSWORD'))
        if bool(user) != bool(password) or (token_url and not user):
            fix = 'Set both, or neither.'
            found = 'one of both' if user or password else 'none, but --token-url'
            raise ConfigError('MMRS_STAC_USER, MMRS_STAC_PASSWORD', found, 'name and password', fix)
        return cls(token, user, password, token_url, client)


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Drops credentials when another host takes over: urllib would hand them on."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and not self.session.trusts(newurl):
            request.remove_header('Authorization')
        return request


class Session:
    """Opens addresses.

    Args:
        hosts: Hosts that get credentials; one that begins with a dot stands for all below it. Over plain HTTP only
            this machine does.
        credentials: What to send.
        attempts: How often an address is tried.
        patience: Seconds before the second attempt; each further one waits twice as long.
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        credentials: Credentials | None = None,
        attempts: int = 5,
        patience: float = 2.0,
    ) -> None:
        self.hosts, self.credentials = tuple(hosts), credentials or Credentials()
        self.attempts, self.patience = max(1, attempts), patience
        self._token, self._until = '', 0.0
        self._opener = urllib.request.build_opener(_SameHost(self))

    def trusts(self, url: str) -> bool:
        """Whether an address may have credentials.

        Args:
            url: The address.
        """
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ''
        if parts.scheme != 'https' and host not in ('localhost', '127.0.0.1', '::1'):
            return False
        return any(host == one or (one.startswith('.') and host.endswith(one)) for one in self.hosts)

    def open(self, request: urllib.request.Request, timeout: float = TIMEOUT) -> Any:
        """Sends a request, again where the server is busy, and with a new token where the old one is refused.

        Args:
            request: Without credentials.
            timeout: Seconds to wait for the connection.

        Raises:
            DataError: If no token is given.
            OSError: If the last attempt fails; urllib's own errors are such.
        """
        renewed = False
        for attempt in range(1, self.attempts + 1):
            if self.trusts(request.full_url):
                for name, value in self._authorization().items():
                    request.add_header(name, value)
            try:
                return self._opener.open(request, timeout=timeout)
            except urllib.error.HTTPError as error:
                if error.code == 401 and self.credentials.token_url and not renewed:
                    self._until, renewed = 0.0, True
                    continue
                if error.code not in BUSY or attempt == self.attempts:
                    raise
                self.wait(attempt, error.headers.get('Retry-After'))
            except (OSError, HTTPException):
                if attempt == self.attempts:
                    raise
                self.wait(attempt)
        raise OSError('no further attempt')  # after a token that was refused in the last one

    def wait(self, attempt: int, wanted: str | None = None) -> None:
        """Waits before the next attempt.

        Args:
            attempt: The one that failed, from 1.
            wanted: Seconds that the server asks for.
        """
        seconds = float(wanted) if wanted and wanted.isdigit() else self.patience * 2 ** (attempt - 1)
        time.sleep(min(seconds, LONGEST_WAIT))

    def json(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Asks for a JSON object.

        Args:
            url: Address.
            body: What to post; None gets.

        Raises:
            DataError: If there is no such answer.
        """
        headers = {'User-Agent': 'mmrs', 'Accept': 'application/geo+json, application/json'}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers['Content-Type'] = 'application/json'
        try:
            with self.open(urllib.request.Request(url, data, headers)) as response:
                content = json.loads(response.read())
        except urllib.error.HTTPError as error:
            text = ' '.join(error.read(300).decode(errors='replace').split())
            fix = 'Check address, collection and credentials.'
            raise DataError(url, f'HTTP {error.code} {error.reason}: {text}', 'an answer', fix) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, 'reason', None) or error
            raise DataError(url, f'no answer ({reason})', 'a STAC catalogue', 'Try again later.') from error
        except ValueError as error:
            raise DataError(url, f'no JSON ({error})', 'a STAC catalogue', 'Check the address.') from error
        if not isinstance(content, dict):
            raise DataError(url, f'a {type(content).__name__}', 'a JSON object', 'Check the address.')
        return content

    def _authorization(self) -> Headers:
        known = self.credentials
        if known.token:
            return {'Authorization': f'Bearer {known.token}'}
        if not known.user:
            return {}
        if not known.token_url:
            both = base64.b64encode(f'{known.user}:{known.password}'.encode()).decode()
            return {'Authorization': f'Basic {both}'}
        if time.monotonic() >= self._until:
            self._fetch_token()
        return {'Authorization': f'Bearer {self._token}'}

    def _fetch_token(self) -> None:
        known = self.credentials
        fields = dict(grant_type='password', username=known.user, password=known.password, client_id=known.client)
        request = urllib.request.Request(known.token_url, urllib.parse.urlencode(fields).encode())
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                content = json.loads(response.read())
            self._token = str(content['access_token'])
            self._until = time.monotonic() + float(content.get('expires_in', 600)) - EARLY
        except urllib.error.HTTPError as error:
            fix = 'Check MMRS_STAC_USER and MMRS_STAC_PASSWORD.'
            raise DataError(known.token_url, f'HTTP {error.code} {error.reason}', 'a token', fix) from error
        except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
            raise DataError(known.token_url, f'no token ({error})', 'one', 'Check --token-url.') from error
