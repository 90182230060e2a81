"""Where routes are put together."""

from fastapi import APIRouter, Response


def new_router(tag: str) -> APIRouter:
    """Return a router whose operations are called, in the API's description, what their functions are."""
    return APIRouter(
        tags=[tag],
        default_response_class=Response,
        generate_unique_id_function=lambda route: route.name,
    )
