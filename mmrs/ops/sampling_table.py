"""Names of the sampling and loss operators in ``mmcv._ext`` and where they are written."""

SAMPLING_OPERATORS: dict[str, str] = {}
