from tests.delivery.conftest import case

__all__ = ["case"]
