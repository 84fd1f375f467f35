"""A Procrastinate app whose one task does nothing; run by the Python that has it installed."""

from __future__ import annotations

import asyncio
import os
import sys

import procrastinate  # type: ignore[import-not-found]  # another environment has it

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task(name="nothing")
async def nothing() -> None:
    """Done."""


async def main(verb: str, jobs: int = 0) -> None:
    """Order that many jobs, or work them off."""
    async with app.open_async():
        if verb == "fill":
            await app.schema_manager.apply_schema_async()
            await nothing.batch_defer_async(*({} for _ in range(jobs)))
        else:
            await app.run_worker_async(concurrency=8)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
