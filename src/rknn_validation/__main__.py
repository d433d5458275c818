"""`python -m rknn_validation` is `rknn-validate`."""

import sys

from rknn_validation.pytestplugin.command import main

sys.exit(main())
