"""Tests with a browser or a server run when asked for by name (`make browser-test`), not with all others."""


def pytest_ignore_collect(collection_path, config):
    if not any("browser" in arg for arg in config.args):
        return True
    return None
