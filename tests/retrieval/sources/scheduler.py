"""Runs the night jobs of the report server.

A job is a function with a name, a time of day and a limit. Jobs that overlap
wait for each other: the disk of the report server is too slow for two.
"""

import datetime
import logging
import time

LOG = logging.getLogger("scheduler")

# A job that has not ended after this many seconds is killed and tried again once.
DEFAULT_LIMIT = 5400

# Nothing starts between these hours: the laboratories measure then.
BLACKOUT = (datetime.time(6, 30), datetime.time(19, 0))


class JobFailed(Exception):
    """Raised when a job failed twice in one night."""


class Job:
    def __init__(self, name, at, action, limit=DEFAULT_LIMIT):
        self.name = name
        self.at = at
        self.action = action
        self.limit = limit
        self.failures = 0

    def due(self, now):
        """A job is due when its time has passed and it has not run today."""
        if BLACKOUT[0] <= now.time() < BLACKOUT[1]:
            return False
        return now.time() >= self.at


def run_with_retry(job, attempts=2, pause=300):
    """Runs a job and waits five minutes before the second attempt.

    The pause is long because most failures come from the tape robot, which
    needs about four minutes to put a cartridge back.
    """
    for attempt in range(1, attempts + 1):
        try:
            return job.action()
        except OSError as error:
            job.failures += 1
            LOG.warning("%s failed in attempt %d: %s", job.name, attempt, error)
            if attempt == attempts:
                raise JobFailed(job.name) from error
            time.sleep(pause)


def prune_reports(folder, keep_days=90):
    """Deletes reports older than keep_days, but never the last one of a device.

    The auditors want at least one report for each serial number, however old.
    """
    newest = {}
    for path in sorted(folder.glob("*.report")):
        newest[path.name.split("_")[0]] = path
    border = datetime.datetime.now() - datetime.timedelta(days=keep_days)
    for path in folder.glob("*.report"):
        written = datetime.datetime.fromtimestamp(path.stat().st_mtime)
        if written < border and path not in newest.values():
            path.unlink()


def rotate_keys(vault):
    """Changes the key of the guest network. Called on Mondays at 4 o'clock."""
    key = vault.random_words(4)
    vault.store("guest-network", key)
    return key
