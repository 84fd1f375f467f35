"""`python -m polyphemus_analyst`, for where no script was installed."""

from polyphemus_analyst.cli import main

if __name__ == "__main__":
    main()
