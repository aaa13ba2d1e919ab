"""Units of the sandbox that tell the desk by themselves: a thread that starts `receive-unit-update` when due."""

from __future__ import annotations

import json
import threading
import time

import requests

from deployments.sandbox.units import SandboxUnits, UnitSaid
from models.signatures import sign

DEPLOYMENT = "receive-unit-update/push"
SECONDS = 0.5


class UnitPusher(threading.Thread):
    """Pushes what the units with `push: true` say, once each, through the Prefect API at `api_url`."""

    def __init__(self, units: SandboxUnits, api_url: str) -> None:
        super().__init__(name="unit-pushes", daemon=True)
        self.units, self.api_url = units, api_url
        self.ended = threading.Event()

    def run(self) -> None:
        """Push until ended; a desk that is away is tried again."""
        while not self.ended.wait(SECONDS):
            for said in self._due():
                try:
                    said.pushed = push(self.api_url, said, self.units.signing_key)
                except requests.RequestException:
                    break

    def _due(self) -> list[UnitSaid]:
        now = self.units.now()
        with self.units.lock:
            due = [said for said in self.units.said if not said.pushed and said.visible <= now]
        return [said for said in due if self.units.temper(said.unit).push]


def push(api_url: str, said: UnitSaid, signing_key: str) -> bool:
    """Start the desk's flow with one signed change; whether the desk took it on."""
    with requests.Session() as session:
        session.trust_env = False
        found = session.get(f"{api_url}/deployments/name/{DEPLOYMENT}", timeout=10)
        if not found.ok:
            return False
        body, stamp = json.dumps(said.plain()), int(time.time())
        parameters = {
            "unit": said.unit,
            "body": body,
            "timestamp": stamp,
            "signature": sign(signing_key, stamp, body),
        }
        started = session.post(
            f"{api_url}/deployments/{found.json()['id']}/create_flow_run",
            json={"parameters": parameters, "state": {"type": "SCHEDULED"}, "idempotency_key": said.update_id},
            timeout=10,
        )
    return started.ok
