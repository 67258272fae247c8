"""Items of a STAC catalogue by place, time and clouds."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmrs.datasets.stac.session import Session
from mmrs.errors import ConfigError, DataError

PAGE = 100  # items that are asked for at once


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        collections: Names of collections.
        box: West, south, east and north in degrees; None: anywhere.
        dates: As STAC writes them, such as ``2022-06-01T00:00:00Z/2022-07-01T00:00:00Z``; '': ever.
        max_cloud: Percent of clouds (``eo:cloud_cover``); items that do not say pass. None: any.
        limit: Items, at most.
    """

    collections: tuple[str, ...]
    box: tuple[float, float, float, float] | None = None
    dates: str = ''
    max_cloud: float | None = None
    limit: int = 100

    def check(self) -> None:
        """Refuses what no catalogue can answer.

        Raises:
            ConfigError: Naming the option.
        """
        if not self.collections:
            raise ConfigError('--collections', 'none', 'at least one', 'Such as sentinel-2-l2a.')
        if self.limit < 1:
            raise ConfigError('--limit', str(self.limit), 'a number from 1 on', 'Correct it.')
        west, south, east, north = self.box or (0, 0, 1, 1)
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
            found = ' '.join(f'{value:g}' for value in self.box or ())
            raise ConfigError('--bbox', found, 'west south east north in degrees', 'Correct the order.')

    def body(self) -> dict[str, Any]:
        """What is posted."""
        found: dict[str, Any] = dict(collections=list(self.collections), limit=min(self.limit, PAGE))
        if self.box is not None:
            found['bbox'] = list(self.box)
        if self.dates:
            found['datetime'] = self.dates
        return found


@dataclass(frozen=True)
class Item:
    """What was found.

    Attributes:
        name: Its id.
        time: When, as the catalogue says.
        cloud: Percent of clouds, None where it is not said.
        assets: Its files by key.
    """

    name: str
    time: str
    cloud: float | None
    assets: Mapping[str, Any]


def search(session: Session, url: str, query: Query) -> Iterator[Item]:
    """Asks page by page.

    Args:
        session: Sends requests.
        url: Of the catalogue's API, where ``/search`` is.
        query: What is looked for.

    Yields:
        Items that fit, each once, no more than the limit.

    Raises:
        ConfigError: If the query is wrong.
        DataError: If the catalogue does not answer as it should.
    """
    query.check()
    address, body, seen = f'{url.rstrip("/")}/search', query.body(), set()
    found: dict[str, Any] | None = body
    pages: set[str] = set()
    while True:
        content = session.json(address, found)
        features = content.get('features')
        if not isinstance(features, list):
            raise DataError(address, 'an answer without features', 'a STAC API', 'Check the address.')
        for feature in features:
            item = _item(feature, address)
            fits = query.max_cloud is None or item.cloud is None or item.cloud <= query.max_cloud
            if fits and item.name not in seen:
                seen.add(item.name)
                yield item
                if len(seen) == query.limit:
                    return
        following = _next(content.get('links'), address, body)
        if following is None or not features or repr(following) in pages:
            return
        pages.add(repr(following))
        address, found = following


def _item(feature: Any, address: str) -> Item:
    try:
        properties = feature.get('properties') or {}
        cloud = properties.get('eo:cloud_cover')
        time = str(properties.get('datetime') or properties.get('start_datetime') or '')
        return Item(str(feature['id']), time, None if cloud is None else float(cloud), dict(feature['assets']))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(address, f'an item that is none ({error!r})', 'a STAC item', 'Ask its operator.') from error


def _next(links: Any, address: str, body: dict[str, Any]) -> tuple[str, dict[str, Any] | None] | None:
    """Address of the next page, and what is posted there."""
    for link in links if isinstance(links, Sequence) else ():
        if isinstance(link, Mapping) and link.get('rel') == 'next' and isinstance(link.get('href'), str):
            target = urllib.parse.urljoin(address, link['href'])
            if str(link.get('method', 'GET')).upper() != 'POST':
                return target, None
            return target, {**(body if link.get('merge') else {}), **(link.get('body') or {})}
    return None
