"""`python -m docsvc` is the command `docsvc`."""

from docsvc.cli.main import main

main()
