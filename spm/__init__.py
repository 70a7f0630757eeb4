"""Sequential price mechanisms: settings, exact optima, learning, and the figures of an executable book."""

__version__ = "0.1.0"
