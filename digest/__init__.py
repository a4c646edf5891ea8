"""
Newsletter digests: everybody gets the hottest stories of their topics, once.
"""

__version__ = "0.1.0"
