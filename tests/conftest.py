"""What all tests share: hypothesis without deadlines, because the machine may be busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("scumble", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("scumble")
