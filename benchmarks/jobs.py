"""Run a command of faqtory as a user would, and watch the memory of its processes."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(slots=True)
class Peaks:
    """Largest resident sets seen, in bytes."""

    worker: int = 0
    """Of any one Python worker."""
    jvm: int = 0


def run_job(*arguments: object, cores: int) -> tuple[dict[str, Any], Peaks]:
    """Run `faqtory ARGUMENTS --json` on so many local cores; returns what it printed, and its peaks."""
    command = [Path(sys.executable).with_name("faqtory"), *arguments, "--json", "--master", f"local[{cores}]"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
    peaks = Peaks()
    threading.Thread(target=_watch, args=(process, peaks), daemon=True).start()
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the job failed with exit code {process.returncode}")
    return json.loads(output), peaks


def _watch(process: "subprocess.Popen[str]", peaks: Peaks) -> None:
    while process.poll() is None:
        for child in _children(process.pid):
            try:
                resident = child.memory_info().rss
                if "java" in child.name():
                    peaks.jvm = max(peaks.jvm, resident)
                elif "pyspark" in " ".join(child.cmdline()):
                    peaks.worker = max(peaks.worker, resident)
            except psutil.Error:
                continue
        time.sleep(0.25)  # each look costs a few milliseconds of a core


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def run_processes(*arguments: object) -> tuple[dict[str, Any], int]:
    """Run `faqtory ARGUMENTS --json`; returns what it printed, and the most memory of all its processes.

    In bytes; what they share, such as mapped files, counts once (proportional set size).
    """
    command = [Path(sys.executable).with_name("faqtory"), *arguments, "--json"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
    peaks = [0]
    threading.Thread(target=_watch_all, args=(process, peaks), daemon=True).start()
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the job failed with exit code {process.returncode}")
    return json.loads(output), peaks[0]


def _watch_all(process: "subprocess.Popen[str]", peaks: list[int]) -> None:
    while process.poll() is None:
        total = 0
        for child in [psutil.Process(process.pid), *_children(process.pid)]:
            try:
                total += child.memory_full_info().pss
            except psutil.Error:
                continue
        peaks[0] = max(peaks[0], total)
        time.sleep(0.5)
