"""`python -m paycombat_async.cli`: the command without its script."""

from paycombat_async.cli.entry import main

if __name__ == "__main__":
    main()
