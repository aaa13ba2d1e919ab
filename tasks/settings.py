"""Where this installation lives: read once from the environment (`CARE_…`), never from inside the code.

Secrets are not here: tokens are Prefect blocks (`tasks/platforms/credentials.py`, `tasks/notices.py`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Paths, addresses and switches of one installation; each field is the variable `CARE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="CARE_", frozen=True)

    home: Path = Field(default=ROOT / ".care", description="The one folder that holds all run-time state.")
    database_url: str = Field(
        default="", description="SQLAlchemy URL of the desk's records; SQLite in `home` if empty."
    )
    data: Path = Field(default=ROOT / "data", description="What people edit: work instruction, lexicons, desk files.")
    reference_folder: Path | None = Field(
        default=None, description="The watched folder of reference files; `desk` in `data` if empty."
    )
    x_base_url: str = Field(default="https://api.twitter.com", description="Where X API v2 answers.")
    facebook_base_url: str = Field(
        default="https://graph.facebook.com/v25.0", description="Where the Graph API answers, version included."
    )
    platform_timeout: float = Field(default=10, gt=0, description="Seconds a platform has to answer one call.")
    run_lease: float = Field(
        default=120, gt=0, description="Seconds a follow-up's process may be silent before it counts as lost."
    )
    wakes_at_once: int = Field(
        default=40, gt=0, description="Follow-ups that watch-cases keeps at work at once; more wait for the next round."
    )
    ui_url: str = Field(default="http://127.0.0.1:4200", description="The Prefect UI, for links in notices.")
    docs_url: str = Field(
        default="http://127.0.0.1:4400", description="Where the pages in `home/docs` are served, for links to them."
    )
    sandbox_url: str = Field(default="", description="The sandbox's address; empty when the outside world is real.")

    @property
    def watched_folder(self) -> Path:
        """The folder whose reference files are taken over every night and at every start."""
        return self.reference_folder or self.data / "desk"

    @property
    def records_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'care.db'}"
