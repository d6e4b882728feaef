"""traindeep: making deep networks trainable and making them generalize, by building it.

In a notebook: `check("bn_forward_train")` tests what you wrote, `hint("bn_forward_train")` gives the next hint,
`progress()` shows where you are, `use("bn_forward_train")` returns a function built earlier.
"""

import importlib

__version__ = "0.1.0"
__all__ = ["check", "hint", "progress", "use"]

_HOME = {
    "check": "traindeep.checks",
    "hint": "traindeep.display",
    "use": "traindeep.reuse",
    "progress": "traindeep.display",
}


def __getattr__(name: str):
    # Loaded on first use: importing a helper such as traindeep.data costs nothing else.
    if name in _HOME:
        attribute = "show_progress" if name == "progress" else name
        return getattr(importlib.import_module(_HOME[name]), attribute)
    raise AttributeError(f"module 'traindeep' has no attribute {name!r}")
