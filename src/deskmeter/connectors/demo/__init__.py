"""An invented company, so that the product can be tried without data of one's own."""

from deskmeter.connectors.demo.company import invent
from deskmeter.connectors.demo.planted import PLANTED, Planted, planted

__all__ = ["PLANTED", "Planted", "invent", "planted"]
