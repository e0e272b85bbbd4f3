"""Which web page sends a request: browsers say so, and nobody can make them lie."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from strawberry.http.websocket_origin import is_same_origin, normalize_origin


def is_foreign(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """Whether a browser sends it for a page of an origin that is neither ours nor among those that are allowed.

    A GET changes nothing, and its answer cannot be read there; yet it need not be answered. Programs name no origin.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None:
        return site in ("cross-site", "same-site")  # its images, scripts, frames and links
    if site == "same-origin" or is_same_origin(origin, headers.get("host")):
        return False
    return normalize_origin(origin) not in allowed
