"""`python -m deployments.explain`: how a text is read or a profile judged, every span that counted and by how much.

    python -m deployments.explain text "wifi mati dari pagi min" [--in-case tv] [--days 2] [--contacts 1]
    python -m deployments.explain profile [--handle H] [--name N] [--bio B] [--followers 900] [--verified blue]

Prints markdown; nothing is stored.
"""

from __future__ import annotations

import argparse
import sys

from models.lexicons import PROBLEMS
from models.mentions import Author, Platform
from models.reading import Context
from models.recognition_explained import profile_explained, text_explained
from tasks.desk_data import instruction, lexicons


def main() -> int:
    """Print the explanation; returns the exit status."""
    given = _arguments().parse_args()
    if given.what == "text":
        known = Context(given.in_case is not None, given.in_case or "other", given.days, given.contacts)
        context = known if known != Context() else None
        print(text_explained(given.text, lexicons(), kind=given.kind, context=context))
        return 0
    author = Author(Platform.X, "explained", given.handle, given.name, given.bio, given.followers, given.verified)
    print(profile_explained(author, lexicons(), instruction().priority.thresholds))
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployments.explain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="what", required=True)
    text = kinds.add_parser("text", help="a text: complaint or not, hard or not, about what")
    text.add_argument("text")
    text.add_argument("--kind", choices=("post", "reply", "quote", "comment", "repost"), default="post")
    text.add_argument("--in-case", choices=PROBLEMS, help="its author has a case open in this conversation, about this")
    text.add_argument("--days", type=float, default=0.0, help="since they first complained, unsettled")
    text.add_argument("--contacts", type=int, default=0, help="other conversations they complained in before")
    profile = kinds.add_parser("profile", help="a profile: a Priority customer's or not, by itself")
    for name in ("--handle", "--name", "--bio"):
        profile.add_argument(name, default="")
    profile.add_argument("--followers", type=int)
    profile.add_argument("--verified", choices=("blue", "business", "government"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
