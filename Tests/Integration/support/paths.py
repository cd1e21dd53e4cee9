"""Where things lie in this repository."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
RELEASE = REPOSITORY / ".build" / "release"
HEIGHTS = RELEASE / "heights"
SUMMIT = RELEASE / "summit"
SUMMIT_FOLDER = REPOSITORY / "Examples" / "Summit"
AWS_TOOLS = REPOSITORY / ".venv-aws" / "bin"
