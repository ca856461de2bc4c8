from collections.abc import Iterator

import pytest

from tests.telemetry.recording import Recording


@pytest.fixture(name="recording")
def _recording() -> Iterator[Recording]:
    recording = Recording()
    yield recording
    recording.close()
