"""Finding the route of a request without trying the hundreds before it."""

from collections import defaultdict

from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

_FIXED = 2
"""Segments at the beginning of a path that are looked up, not matched: `/v1/tenders`."""
type _Key = tuple[str, tuple[str, ...], int]


class RouteIndex:
    """The routes of a router by method, beginning and length of their paths.

    What is not found here the router itself looks for as ever: a request that is to be refused,
    or one for a route with a parameter right at the beginning or over several segments.
    """

    def __init__(self, router: Router, app: ASGIApp) -> None:
        self._router, self._app = router, app
        self._known: dict[_Key, list[Route]] = defaultdict(list)
        for route in router.routes:
            if not isinstance(route, Route) or "{" in "".join(_segments(route.path)[:_FIXED]):
                continue
            if any(each.endswith(":path}") for each in _segments(route.path)):
                continue
            for method in route.methods or ():
                self._known[_key(method, route.path)].append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            for route in self._known.get(_key(scope["method"], scope["path"]), ()):
                match, child = route.matches(scope)
                if match is Match.FULL:
                    scope.setdefault("router", self._router)
                    scope.update(child)
                    await route.handle(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def install(router: Router) -> None:
    """Let a router that has all its routes find them by their index first."""
    router.middleware_stack = RouteIndex(router, router.middleware_stack)


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _key(method: str, path: str) -> _Key:
    segments = _segments(path)
    return method, tuple(segments[:_FIXED]), len(segments)
