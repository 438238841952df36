"""Run the mine job and kill the run, as kill -9 does, when so many parts of a stage are done."""

import os
import signal
import sys

from pipeline.core.config import load_config
from pipeline.core.storage import exclusive
from pipeline.jobs.mine import run_mine
from pipeline.jobs.mine_plan import retrieval_set
from pipeline.jobs.runner import shard_runner


def main(work, stage, n_parts, *settings):
    """Mine with two processes until `n_parts` parts of the stage, as the progress bar calls it, are done."""
    config = load_config(None, settings)

    def report(what, n_done, _):
        if (what, n_done) == (stage, int(n_parts)):
            os.kill(os.getpid(), signal.SIGKILL)

    with exclusive(work), shard_runner("mine", master="none[2]", config=config.spark) as runner:
        run_mine(runner, retrieval_set(work, config), work=work, config=config, report=report)


if __name__ == "__main__":
    main(*sys.argv[1:])
