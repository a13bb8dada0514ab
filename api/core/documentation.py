"""/docs, /redoc and /openapi.json, where the settings show them: no file of another host.

Browsers run only the scripts that the pages' Content-Security-Policy names.
"""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.core import browsers

FILES = "/static-offline-docs"
_FOLDER = Path(fastapi_offline.__file__).parent / "static"


def install(app: FastAPI) -> None:
    """Add the pages about `app` and the files that they load."""
    app.mount(FILES, StaticFiles(directory=_FOLDER), name="documentation")

    @app.get("/docs", include_in_schema=False)
    async def swagger(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return _guarded(
            get_swagger_ui_html(
                openapi_url=f"{root}{app.openapi_url}",
                title=f"{app.title} - Swagger UI",
                swagger_js_url=f"{root}{FILES}/swagger-ui-bundle.js",
                swagger_css_url=f"{root}{FILES}/swagger-ui.css",
                swagger_favicon_url=f"{root}{FILES}/favicon.png",
            )
        )

    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return _guarded(
            get_redoc_html(
                openapi_url=f"{root}{app.openapi_url}",
                title=f"{app.title} - ReDoc",
                redoc_js_url=f"{root}{FILES}/redoc.standalone.js",
                redoc_favicon_url=f"{root}{FILES}/favicon.png",
                with_google_fonts=False,
            )
        )


def _guarded(page: HTMLResponse) -> HTMLResponse:
    text = bytes(page.body).decode()
    page.headers["Content-Security-Policy"] = browsers.page_policy(text)
    return page
