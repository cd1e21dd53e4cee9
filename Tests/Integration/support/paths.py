"""Where things lie in this repository."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
RELEASE = REPOSITORY / ".build" / "release"
HEIGHTS = RELEASE / "heights"
SUMMIT = RELEASE / "summit"
EXAMPLES = REPOSITORY / "Examples"
SUMMIT_FOLDER = EXAMPLES / "Summit"
AWS_TOOLS = REPOSITORY / ".venv-aws" / "bin"
LAB_PYTHON = REPOSITORY / ".venv-lab" / "bin" / "python"
