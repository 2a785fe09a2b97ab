"""The `geans` command as a script, for processes that tests start."""

import sys

from geans import cli

if __name__ == "__main__":
    sys.exit(cli.main())
