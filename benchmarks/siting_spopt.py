"""Builds one maximum-coverage model with spopt and prints the seconds; exits with 3 without it."""

import sys
import time
import warnings

import numpy as np

try:
    from spopt.locate import MCLP
except ImportError:
    sys.exit(3)

warnings.simplefilter("ignore")
case = np.load(sys.argv[1])
began = time.perf_counter()
MCLP.from_cost_matrix(
    case["distance"], case["residents"], float(case["radius"]), p_facilities=int(case["p"])
)
print(time.perf_counter() - began)
