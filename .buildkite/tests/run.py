#!/usr/bin/env python3
"""Runs every test here, several at once: they mostly wait for processes. Arguments: parts of names to select."""

import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def run_one(test):
    outcome = unittest.TestResult()
    test.run(outcome)
    return test, outcome


class Parallel(unittest.TestSuite):
    def run(self, result, debug=False):
        with ThreadPoolExecutor(max_workers=8) as pool:
            for test, outcome in pool.map(run_one, self):
                result.startTest(test)
                result.failures += outcome.failures
                result.errors += outcome.errors
                for _, reason in outcome.skipped:
                    result.addSkip(test, reason)
                if not outcome.wasSuccessful():
                    result.stream.write("F")
                    result.stream.flush()
                elif not outcome.skipped:
                    result.addSuccess(test)
                result.stopTest(test)
        return result


tests = flatten(unittest.defaultTestLoader.discover(HERE, top_level_dir=HERE))
chosen = Parallel(t for t in tests if all(part in t.id() for part in sys.argv[1:]))
sys.exit(not unittest.TextTestRunner(verbosity=1).run(chosen).wasSuccessful())
