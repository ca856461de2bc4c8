"""`python -m paycombat_async.cli`: the same as the command `paycombat`."""

from paycombat_async.cli.launch import main

if __name__ == "__main__":
    main()
