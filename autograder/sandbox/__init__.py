"""The only place where student code runs: `host` is outside the wall; `worker`, `lockdown` and `wire` run inside it."""
