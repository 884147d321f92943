"""What holds for every test: properties are judged by what they find, not by how fast a busy machine tries them."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Several tests run at a time, each in a process of its own: more threads than that only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
