"""`python -m microplex_spec` is the command microplex-spec."""

import sys

from .cli import main

sys.exit(main())
