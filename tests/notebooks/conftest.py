"""Executing every notebook takes minutes: on demand (`make executed`), not with all other tests."""


def pytest_ignore_collect(collection_path, config):
    if not any("notebooks" in arg for arg in config.args):
        return True
    return None
